/**
 * Random configurations and timelines of alerts through Debian's Alertmanager, in real time, and through Sluice, on a
 * fake clock that is told when things really happened: the same receivers are told the same about the same groups, at
 * the same time give or take a tick.
 */
import { setTimeout } from 'node:timers/promises';
import { loadAlertmanagerConfig } from '@sluice/alerting/config/alertmanager-config';
import { RECEIVER_KINDS } from '@sluice/alerting/receivers/receiver-kinds';
import { groupKeyOf, groupLabelsOf, matchRoutes } from '@sluice/alerting/route/route-tree';
import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import { type ReceivedHook, startHookServer } from './alertmanager/hook-server.ts';
import {
  type CaseEvent,
  LATE_SECONDS,
  type Labels,
  type RandomCase,
  RESOLVE_TIMEOUT_SECONDS,
  randomCase,
  toConfig,
} from './alertmanager/random-case.ts';
import { type RealEvent, replay } from './alertmanager/replay.ts';
import { startAlertmanager } from './alertmanager/start-alertmanager.ts';

const CASES = Number(process.env.SLUICE_PEER_CASES ?? 220);
const SEED = Number(process.env.SLUICE_PEER_SEED ?? 1);
const SECONDS = 24;
/** Of Sluice; Alertmanager has timers of its own. */
const TICK_MS = 250;
/** The tick of local mode, which is more than what a busy machine takes to get to a timer. */
const TOLERANCE_MS = 1_000;
/** Events and flushes are 330 ms apart. */
const MAX_STALL_MS = 250;
const MAX_ROUNDS = 5;

test(`${CASES} random configurations tell the same as Alertmanager does`, async () => {
  const differences: string[] = [];
  let compared = 0;
  // One round is enough, unless the machine was too busy to keep time.
  for (let round = 0; round < MAX_ROUNDS && compared < CASES * 4; round++) {
    const result = await runRound(SEED * MAX_ROUNDS + round);
    compared += result.compared;
    differences.push(...result.differences);
    console.log(
      `${CASES} configurations, ${result.compared} notifications compared over ${result.seconds} s, ${result.differences.length} differences`,
    );
  }
  expect(differences.slice(0, 3).join('\n\n')).toBe('');
  expect(compared).toBeGreaterThanOrEqual(CASES * 4);
});

async function runRound(seed: number) {
  await using hooks = await startHookServer();
  const cases = Array.from({ length: CASES }, (_, index) =>
    randomCase(`c${index}`, createRandom(seed * 100_000 + index), { hookUrl: hooks.url, seconds: SECONDS }),
  );
  await using alertmanager = await startAlertmanager(toConfig(cases));

  const real = new Map<string, RealEvent[]>(cases.map(({ id }) => [id, []]));
  const startMs = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  const watch = watchForStalls();
  const moments = Array.from({ length: SECONDS }, (_, second) => [second, second + LATE_SECONDS]).flat();
  for (const moment of moments) {
    await setTimeout(startMs + moment * 1_000 - Date.now());
    await Promise.all(
      cases.map(async ({ id, events }) => {
        for (const event of events.filter(({ atSeconds }) => atSeconds === moment))
          real.get(id)!.push(await post(alertmanager.url, event));
      }),
    );
  }
  await setTimeout(startMs + SECONDS * 1_000 - Date.now());
  const untilMs = Math.min(startMs + SECONDS * 1_000, watch.stop() ?? Number.POSITIVE_INFINITY);

  const differences: string[] = [];
  let compared = 0;
  for (const one of cases) {
    const events = real.get(one.id)!;
    const source = toConfig([one]);
    const ours = await replay(source, events, { startMs, endMs: untilMs, tickMs: TICK_MS });
    const theirs = hooks.received.filter(({ path }) => path.startsWith(`/${one.id}/`));
    const sides = { ours, theirs, startMs, untilMs, events, groupsOf: groupsIn(source) };
    const result = compare(one, sides);
    compared += result.compared;
    differences.push(...result.differences);
  }
  return { compared, differences, seconds: (untilMs - startMs) / 1_000 };
}

/** Timers that come late shift what a flush sees: from the first such moment on nothing can be compared. */
function watchForStalls(): { stop(): number | undefined } {
  const everyMs = 20;
  let lastMs = Date.now();
  let stalledMs: number | undefined;
  const timer = setInterval(() => {
    const nowMs = Date.now();
    if (nowMs - lastMs > everyMs + MAX_STALL_MS) stalledMs ??= lastMs;
    lastMs = nowMs;
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return stalledMs;
    },
  };
}

async function post(url: string, event: CaseEvent): Promise<RealEvent> {
  const nowMs = Date.now();
  const send = async (path: string, body: unknown): Promise<void> => {
    const answer = await fetch(`${url}/api/v2/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  };
  const iso = (timeMs: number): string => new Date(timeMs).toISOString();
  if (event.kind === 'silence') {
    const { matchers, forSeconds } = event;
    const silence = { matchers, startsAtMs: nowMs, endsAtMs: nowMs + forSeconds * 1_000 };
    await send('silences', {
      matchers,
      startsAt: iso(silence.startsAtMs),
      endsAt: iso(silence.endsAtMs),
      createdBy: 'test',
      comment: 'test',
    });
    return { kind: 'silence', atMs: nowMs, silence };
  }
  const { labels, annotations, end, startedAgo } = event;
  const startsAtMs = startedAgo === undefined ? undefined : nowMs - startedAgo * 1_000;
  const endsAtMs = end === 'timeout' ? undefined : end === 'now' ? nowMs : nowMs + 3_600_000;
  // A report that ends an alert says when it began.
  const beganMs = startsAtMs ?? (end === 'timeout' ? undefined : nowMs - (end === 'now' ? 1 : 0));
  await send('alerts', [
    {
      labels,
      annotations,
      ...(beganMs === undefined ? {} : { startsAt: iso(beganMs) }),
      ...(endsAtMs === undefined ? {} : { endsAt: iso(endsAtMs) }),
    },
  ]);
  return {
    kind: 'alert',
    atMs: nowMs,
    alert: {
      labels,
      annotations,
      ...(beganMs === undefined ? {} : { startsAtMs: beganMs }),
      ...(endsAtMs === undefined ? {} : { endsAtMs }),
    },
  };
}

interface Sides {
  readonly ours: readonly ReceivedHook[];
  readonly theirs: readonly ReceivedHook[];
  readonly startMs: number;
  readonly untilMs: number;
  readonly events: readonly RealEvent[];
  /** Keys of the groups that an alert is in. */
  readonly groupsOf: (labels: Labels) => readonly string[];
}

function groupsIn(source: string): Sides['groupsOf'] {
  const { value } = loadAlertmanagerConfig(source, {
    file: 'alertmanager.yml',
    references: { env: {}, secrets: new Map() },
    kinds: RECEIVER_KINDS,
  });
  return (labels) =>
    matchRoutes(value!.route, labels).map((route) => groupKeyOf(route, groupLabelsOf(route, labels)));
}

function compare(
  one: RandomCase,
  { ours, theirs, startMs, events, groupsOf, ...rest }: Sides,
): { readonly compared: number; readonly differences: readonly string[] } {
  const keyOf = ({ path, body }: ReceivedHook): string => `${path} ${body.groupKey}`;
  const keys = new Set([...ours, ...theirs].map(keyOf));
  const differences: string[] = [];
  let compared = 0;
  for (const key of keys) {
    const groupKey = key.slice(key.indexOf(' ') + 1);
    // Routes with the same matchers share a key, and Alertmanager's two groups race to tell first.
    const isTwin = events.some(
      (event) =>
        event.kind === 'alert' &&
        groupsOf(event.alert.labels).filter((found) => found === groupKey).length > 1,
    );
    if (isTwin) continue;
    const untilMs = Math.min(rest.untilMs, comparableUntilMs(groupKey, { events, groupsOf }));
    const of = (side: readonly ReceivedHook[]): readonly ReceivedHook[] =>
      side.filter((hook) => keyOf(hook) === key && hook.atMs < untilMs);
    const [left, right] = [of(ours), of(theirs)];
    // What one side tells in the last moments the other may tell just after them.
    const count = Math.max(
      ...[left, right].map((side) => side.filter(({ atMs }) => atMs < untilMs - TOLERANCE_MS).length),
    );
    const shown = (side: readonly ReceivedHook[]): string =>
      side.map((hook) => `  ${((hook.atMs - startMs) / 1_000).toFixed(2)} ${describe(hook)}`).join('\n');
    const isSame =
      left.length >= count &&
      right.length >= count &&
      left
        .slice(0, count)
        .every(
          (hook, index) =>
            describe(hook) === describe(right[index]!) &&
            Math.abs(hook.atMs - right[index]!.atMs) <= TOLERANCE_MS,
        );
    compared += count;
    if (!isSame)
      differences.push(
        `${key} until ${(untilMs - startMs) / 1_000}\nSluice:\n${shown(left)}\nAlertmanager:\n${shown(right)}\nroute ${JSON.stringify(one.route)}\ninhibit ${JSON.stringify(one.inhibitRules)}\nevents ${one.events.map((event) => JSON.stringify(event)).join('\n')}`,
      );
  }
  return { compared, differences };
}

/**
 * Alertmanager keeps a group without alerts until its next sweep, which comes every 30 s at a time that cannot be
 * known: an alert that comes into such a group is told at the group's old pace or after a new `group_wait`. From
 * then on the two cannot be compared.
 */
function comparableUntilMs(
  groupKey: string,
  { events, groupsOf }: Pick<Sides, 'events' | 'groupsOf'>,
): number {
  const ends = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== 'alert' || !groupsOf(event.alert.labels).includes(groupKey)) continue;
    const endMs = event.alert.endsAtMs ?? event.atMs + RESOLVE_TIMEOUT_SECONDS * 1_000;
    const isEmpty = ends.size > 0 && [...ends.values()].every((end) => end <= event.atMs);
    if (isEmpty && endMs > event.atMs) return event.atMs;
    ends.set(canonical(event.alert.labels), endMs);
  }
  return Number.POSITIVE_INFINITY;
}

function canonical(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}

/** All of a notification but its times and addresses. */
function describe({ body }: ReceivedHook): string {
  const { receiver, status, groupLabels, commonLabels, commonAnnotations, version, truncatedAlerts } = body;
  const sorted = (map: Readonly<Record<string, string>>): string => canonical(map);
  return JSON.stringify([
    receiver,
    status,
    sorted(groupLabels),
    sorted(commonLabels),
    sorted(commonAnnotations),
    version,
    truncatedAlerts,
    body.alerts.map((alert) => [
      alert.status,
      alert.fingerprint,
      sorted(alert.labels),
      sorted(alert.annotations),
    ]),
  ]);
}
