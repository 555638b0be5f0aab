/**
 * What `GET /metrics` answers: the pipeline's own counters, then the newest snapshot of every shard of the
 * reader's tenant, in the format that the scraper asks for.
 */
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { Snapshot, SnapshotReader } from '../model/snapshot.ts';
import { CONTENT_TYPE, type ExpositionFormat, negotiateFormat } from './negotiate-format.ts';
import { renderExposition } from './render-exposition.ts';
import { toOpenMetricsText } from './to-openmetrics-text.ts';

export interface ExpositionDeps {
  readonly selfMetrics: Pick<SelfMetrics, 'render'>;
  readonly snapshots: SnapshotReader;
  readonly nowMs: () => number;
}

export interface ExpositionAnswer {
  readonly contentType: string;
  readonly body: string;
}

export type Exposition = (request: {
  readonly tenant: string;
  readonly accept: string | null;
}) => Promise<ExpositionAnswer>;

interface Rendered {
  readonly snapshots: readonly Snapshot[];
  /** Names that are written before them. */
  readonly taken: readonly string[];
  readonly text: string;
}

/** Tenants and formats whose text is kept. */
const MAX_RENDERED = 8;
/** A shard whose last snapshot is older has nothing to say any more. */
const MAX_AGE_MS = 10 * 60_000;

export function createExposition({ selfMetrics, snapshots, nowMs }: ExpositionDeps): Exposition {
  const newest = new Map<string, Snapshot>();
  const rendered = new Map<string, Rendered>();

  /** Snapshots stay the same from tick to tick, and so does their text, however often it is read. */
  const render = (key: string, from: Omit<Rendered, 'text'>, format: ExpositionFormat): string => {
    const known = rendered.get(key);
    if (known !== undefined && isSame(known, from)) return known.text;
    const text = renderExposition(from.snapshots, { format, taken: new Set(from.taken) });
    rendered.delete(key);
    rendered.set(key, { ...from, text });
    if (rendered.size > MAX_RENDERED) rendered.delete(rendered.keys().next().value!);
    return text;
  };

  const readNewest = async (tenant: string, shard: number): Promise<Snapshot | undefined> => {
    const untilMs = nowMs();
    const key = { tenant, shard };
    const tickMs = (await snapshots.ticks(key, { fromMs: untilMs - MAX_AGE_MS, untilMs })).at(-1);
    if (tickMs === undefined) return undefined;
    const name = `${tenant}/${shard}`;
    const known = newest.get(name);
    if (known?.tickMs === tickMs) return known;
    const snapshot = await snapshots.read(key, tickMs);
    if (snapshot !== undefined) newest.set(name, snapshot);
    return snapshot;
  };

  return async ({ tenant, accept }) => {
    const format = negotiateFormat(accept);
    const own = await selfMetrics.render();
    const shards = await snapshots.shards(tenant);
    const found = await Promise.all(shards.map((shard) => readNewest(tenant, shard)));
    const taken = Array.from(own.matchAll(/^# TYPE (\S+) (\w+)/gm), namesOf).flat();
    const present = found.filter((snapshot) => snapshot !== undefined);
    const text = render(`${tenant}/${format}`, { snapshots: present, taken }, format);
    const body = format === 'openmetrics' ? `${toOpenMetricsText(own)}${text}# EOF\n` : own + text;
    return { contentType: CONTENT_TYPE[format], body };
  };
}

function isSame(a: Omit<Rendered, 'text'>, b: Omit<Rendered, 'text'>): boolean {
  return isSameList(a.snapshots, b.snapshots) && isSameList(a.taken, b.taken);
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** Of one family: what was pushed as remote write has the parts of histograms and summaries as families. */
function namesOf([, name = '', type = '']: RegExpMatchArray): readonly string[] {
  const isCompound = type === 'histogram' || type === 'summary';
  return isCompound ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}
