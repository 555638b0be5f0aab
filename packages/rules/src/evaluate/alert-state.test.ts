import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ActiveAlert,
  type ActiveAlerts,
  alertSamples,
  type Candidate,
  FOR_GRACE_PERIOD_MS,
  OUTAGE_TOLERANCE_MS,
  RESOLVED_RETENTION_MS,
  restoreAlerts,
  stepAlerts,
} from './alert-state.ts';

const MINUTE_MS = 60_000;
const candidate: Candidate = { identity: 'a', labels: { alertname: 'A' }, annotations: {}, value: 1 };
const HOLDS = new Map([['a', candidate]]);
const GONE = new Map<string, Candidate>();

/** The state after each minute; `1` where the condition holds. */
function statesOf(presence: string, timing: { forMs: number; keepFiringForMs: number }): string[] {
  let alerts: ActiveAlerts = new Map();
  return [...presence].map((held, minute) => {
    alerts = stepAlerts(alerts, held === '1' ? HOLDS : GONE, { ...timing, timeMs: minute * MINUTE_MS });
    const state = alerts.get('a')?.state;
    return state === undefined || state === 'inactive' ? '.' : state[0]!;
  });
}

describe('the life of an alert', () => {
  test.each([
    ['without `for` it fires at once', 0, 0, '0110', '.ff.'],
    ['it is pending until `for` is over, to the tick', 2, 0, '11110', 'ppff.'],
    ['a gap starts `for` anew', 2, 0, '110111', 'pp.ppf'],
    ['keep_firing_for holds it over gaps', 0, 2, '100000', 'fff...'],
    ['and counts from the last time that it held', 0, 2, '1010000', 'fffff..'],
    ['but keeps nothing that was only pending', 2, 2, '110', 'pp.'],
    ['after its end it begins as pending again', 1, 0, '110110', 'pf.pf.'],
  ])('%s', (_, forMinutes, keepMinutes, presence, expected) => {
    const timing = { forMs: forMinutes * MINUTE_MS, keepFiringForMs: keepMinutes * MINUTE_MS };
    expect(statesOf(presence, timing).join('')).toBe(expected);
  });

  test('random presence agrees with an oracle that looks at all of history at every step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        (held, forTicks, keepTicks) => {
          const timing = { forMs: forTicks * MINUTE_MS, keepFiringForMs: keepTicks * MINUTE_MS };
          const presence = held.map((one) => (one ? '1' : '0')).join('');
          expect(statesOf(presence, timing)).toEqual(oracle(held, forTicks, keepTicks));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  /** By definition: runs of presence, joined by gaps that keep_firing_for bridges once it fires. */
  function oracle(held: readonly boolean[], forTicks: number, keepTicks: number): string[] {
    const states: string[] = [];
    for (let now = 0; now < held.length; now++) {
      let since: number | undefined;
      let firesFrom = Number.POSITIVE_INFINITY;
      let lastHeld = -1;
      for (let tick = 0; tick <= now; tick++) {
        if (held[tick]) {
          since ??= tick;
          if (tick - since >= forTicks) firesFrom = Math.min(firesFrom, tick);
          lastHeld = tick;
          continue;
        }
        // The first tick of a gap is where keep_firing_for begins.
        const isKept = tick >= firesFrom && keepTicks > 0 && tick - (lastHeld + 1) < keepTicks;
        if (isKept) continue;
        since = undefined;
        firesFrom = Number.POSITIVE_INFINITY;
      }
      states.push(since === undefined ? '.' : now >= firesFrom ? 'f' : 'p');
    }
    return states;
  }

  test('a resolved alert is remembered for fifteen minutes, and a new one takes its place', () => {
    const timing = { forMs: 0, keepFiringForMs: 0 };
    let alerts = stepAlerts(new Map(), HOLDS, { ...timing, timeMs: 0 });
    alerts = stepAlerts(alerts, GONE, { ...timing, timeMs: 1 });
    expect(alerts.get('a')).toMatchObject({ state: 'inactive', resolvedAtMs: 1 });
    alerts = stepAlerts(alerts, GONE, { ...timing, timeMs: 1 + RESOLVED_RETENTION_MS });
    expect(alerts.size).toBe(1);
    expect(stepAlerts(alerts, GONE, { ...timing, timeMs: 2 + RESOLVED_RETENTION_MS }).size).toBe(0);
    const again = stepAlerts(alerts, HOLDS, { ...timing, timeMs: 5 }).get('a');
    expect(again).toMatchObject({ state: 'firing', activeAtMs: 5, firedAtMs: 5 });
    expect(again).not.toHaveProperty('resolvedAtMs');
  });

  test('value and annotations are those of the last evaluation, labels and start those of the first', () => {
    const timing = { forMs: MINUTE_MS, keepFiringForMs: 0 };
    const first = stepAlerts(new Map(), HOLDS, { ...timing, timeMs: 0 });
    const second = { ...candidate, value: 7, annotations: { summary: 'new' } };
    expect(stepAlerts(first, new Map([['a', second]]), { ...timing, timeMs: 10 }).get('a')).toMatchObject({
      value: 7,
      annotations: { summary: 'new' },
      activeAtMs: 0,
    });
  });
});

describe('after an outage', () => {
  const pending = (activeAtMs: number): ActiveAlerts =>
    new Map<string, ActiveAlert>([
      ['p', { labels: {}, annotations: {}, value: 1, state: 'pending', activeAtMs }],
      ['f', { labels: {}, annotations: {}, value: 1, state: 'firing', activeAtMs: 0, firedAtMs: 0 }],
    ]);
  const restore = (forMs: number, options: { activeAtMs?: number; downMs: number }) => {
    const { activeAtMs = 0, downMs } = options;
    const downAtMs = activeAtMs + 5 * MINUTE_MS;
    const restored = restoreAlerts(pending(activeAtMs), { forMs, downAtMs, timeMs: downAtMs + downMs });
    expect(restored.get('f')?.state).toBe('firing');
    return restored.get('p')?.activeAtMs;
  };

  test('the outage does not count towards a long `for`', () => {
    expect(restore(60 * MINUTE_MS, { downMs: 10 * MINUTE_MS })).toBe(10 * MINUTE_MS);
  });
  test('an alert with little left waits the grace period', () => {
    const downMs = 10 * MINUTE_MS;
    const nowMs = 5 * MINUTE_MS + downMs;
    expect(restore(12 * MINUTE_MS, { downMs })).toBe(nowMs + FOR_GRACE_PERIOD_MS - 12 * MINUTE_MS);
  });
  test('a `for` shorter than the grace period starts anew', () => {
    expect(restore(9 * MINUTE_MS, { downMs: MINUTE_MS })).toBeUndefined();
  });
  test('longer outages are not bridged', () => {
    expect(restore(60 * MINUTE_MS, { downMs: OUTAGE_TOLERANCE_MS + 1 })).toBeUndefined();
  });
});

test('series of alerts carry state and the second in which they became active', () => {
  const samples = alertSamples([
    { labels: { alertname: 'A', x: '1' }, annotations: {}, state: 'pending', value: 3, activeAtMs: 61_999 },
    { labels: { alertname: 'B' }, annotations: {}, state: 'inactive', value: 3, activeAtMs: 0 },
  ]);
  const shown = samples.map(({ labels, value }) => [
    Object.fromEntries(labels.map((l) => [l.name, l.value])),
    value,
  ]);
  expect(shown).toEqual([
    [{ __name__: 'ALERTS', alertname: 'A', alertstate: 'pending', x: '1' }, 1],
    [{ __name__: 'ALERTS_FOR_STATE', alertname: 'A', x: '1' }, 61],
  ]);
});
