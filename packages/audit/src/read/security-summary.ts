/** What a security officer looks at first: failed logins, severities and the busiest actors, over time. */
import type { TenantId } from '@sluice/core/ids';
import type { OpenedEvent } from '../sealed-event.ts';
import type { TrailReader } from './trail-reader.ts';

export interface SecuritySummary {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly events: number;
  readonly failedLogins: number;
  readonly bySeverity: Readonly<Record<string, number>>;
  readonly byLevel: Readonly<Record<string, number>>;
  /** Most events first; an erased actor appears under its pseudonym. */
  readonly topActors: readonly {
    readonly actor: string;
    readonly events: number;
    readonly failures: number;
  }[];
  readonly timeline: readonly {
    readonly startMs: number;
    readonly events: number;
    readonly failedLogins: number;
    readonly security: number;
  }[];
  /** False when the range held more events than one summary reads. */
  readonly complete: boolean;
}

export interface SummaryOptions {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

const MAX_EVENTS = 200_000;
const TOP = 10;
const FAILURE = /^(fail(ed|ure)?|denied|blocked|error|rejected|unauthorized)$/i;
const LOGIN = /log[_-]?in|sign[_-]?in|authenticat/i;

export async function summariseSecurity(
  reader: TrailReader,
  tenant: TenantId,
  { fromMs, toMs, stepMs }: SummaryOptions,
): Promise<SecuritySummary> {
  const count = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
  const timeline = Array.from({ length: count }, (_, i) => ({
    startMs: fromMs + i * stepMs,
    events: 0,
    failedLogins: 0,
    security: 0,
  }));
  const bySeverity: Record<string, number> = {};
  const byLevel: Record<string, number> = {};
  const actors = new Map<string, { events: number; failures: number }>();
  let events = 0;
  let failedLogins = 0;

  const add = (event: OpenedEvent): void => {
    const bucket = timeline[Math.floor((Date.parse(event.time) - fromMs) / stepMs)];
    const failed = FAILURE.test(event.result);
    const isFailedLogin = failed && (LOGIN.test(event.action) || LOGIN.test(event.type));
    events += 1;
    failedLogins += isFailedLogin ? 1 : 0;
    byLevel[event.level] = (byLevel[event.level] ?? 0) + 1;
    if (event.severity !== undefined) bySeverity[event.severity] = (bySeverity[event.severity] ?? 0) + 1;
    const name = event.actor?.id ?? event.actorRef;
    if (name !== undefined) {
      const known = actors.get(name) ?? { events: 0, failures: 0 };
      actors.set(name, { events: known.events + 1, failures: known.failures + (failed ? 1 : 0) });
    }
    if (bucket === undefined) return;
    bucket.events += 1;
    bucket.failedLogins += isFailedLogin ? 1 : 0;
    bucket.security += event.category === 'security' ? 1 : 0;
  };

  let cursor: string | undefined;
  do {
    const page = await reader.query(
      tenant,
      { fromMs, toMs },
      { limit: 1000, order: 'newest', ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const { event } of page.events) if (event.category !== 'system') add(event);
    cursor = page.cursor;
  } while (cursor !== undefined && events < MAX_EVENTS);

  const topActors = [...actors]
    .map(([actor, counts]) => ({ actor, ...counts }))
    .sort((a, b) => b.events - a.events || (a.actor < b.actor ? -1 : 1))
    .slice(0, TOP);
  return {
    fromMs,
    toMs,
    stepMs,
    events,
    failedLogins,
    bySeverity,
    byLevel,
    topActors,
    timeline,
    complete: cursor === undefined,
  };
}
