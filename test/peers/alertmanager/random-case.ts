/**
 * A random configuration with a random timeline of alerts. All cases share one Alertmanager: each is a sub-tree under
 * a matcher of its own. Alerts come on whole seconds, and alerts that are told at once a third of a second later; flushes
 * fall on the thirds after that: which came first is never in doubt.
 */
import type { Random } from '@sluice/core/testing/random';

export interface RandomCase {
  readonly id: string;
  /** A route of the root. */
  readonly route: object;
  readonly receivers: readonly object[];
  readonly inhibitRules: readonly object[];
  readonly events: readonly CaseEvent[];
}

export type Labels = Readonly<Record<string, string>>;

export type CaseEvent = { readonly atSeconds: number } & (
  | {
      readonly kind: 'alert';
      readonly labels: Labels;
      readonly annotations: Labels;
      /** `timeout`: without an end; ends with `resolve_timeout`. */
      readonly end: 'far' | 'now' | 'timeout';
      /** Seconds before the event. */
      readonly startedAgo?: number;
    }
  | { readonly kind: 'silence'; readonly matchers: readonly SilenceMatcher[]; readonly forSeconds: number }
);

interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

export const RESOLVE_TIMEOUT_SECONDS = 6;
export const TIME_INTERVALS = [
  { name: 'never', time_intervals: [{ years: ['1999:2001'] }] },
  { name: 'always', time_intervals: [{ times: [{ start_time: '00:00', end_time: '24:00' }] }] },
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  alertname: ['Down', 'Slow', 'Full'],
  severity: ['critical', 'warning', 'info'],
  service: ['api', 'db', 'a "quoted" \\ one'],
  instance: ['1', '2', 'zürich'],
};
/** How far behind the second alerts come that are told at once. */
export const LATE_SECONDS = 0.33;
const NAMES = Object.keys(VALUES);
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  alertname: ['Down|Slow', 'S.*', '.+', 'nothing'],
  severity: ['critical|warning', 'w.*', '.*', ''],
  service: ['api|db', '.*quoted.*', 'd?b', 'a'],
  instance: ['1|2', '[0-9]+', 'z.rich', '3'],
};

export function randomCase(
  id: string,
  random: Random,
  options: { readonly hookUrl: string; readonly seconds: number },
): RandomCase {
  const receivers = Array.from({ length: 1 + random.below(3) }, (_, index) => ({
    name: `${id}-r${index}`,
    webhook_configs: Array.from({ length: random.chance(0.2) ? 2 : 1 }, (_, hook) => ({
      url: `${options.hookUrl}/${id}/${index}/${hook}`,
      send_resolved: random.chance(0.7),
    })),
  }));
  const names = receivers.map(({ name }) => name);
  return {
    id,
    receivers,
    route: {
      ...randomRoute(random, { names, depth: 0 }),
      receiver: random.pick(names),
      matchers: [`case="${id}"`],
      group_by: randomGroupBy(random),
      ...randomTimes(random),
      continue: false,
      mute_time_intervals: [],
      active_time_intervals: [],
    },
    inhibitRules: Array.from({ length: random.below(3) }, () => randomInhibition(id, random)),
    events: randomEvents(id, random, options.seconds),
  };
}

function randomMatcher(random: Random): string {
  const name = random.pick(NAMES);
  const operator = random.pick(['=', '=', '=', '!=', '=~', '!~']);
  const value = random.pick((operator.endsWith('~') ? PATTERNS : VALUES)[name]!);
  return `${name}${operator}${JSON.stringify(value)}`;
}

function randomTimes(random: Random): object {
  const interval = random.pick([2, 3]);
  return {
    group_wait: random.pick(['670ms', '1s670ms', '2s670ms']),
    group_interval: `${interval}s`,
    // Off the border of a flush by half an interval.
    repeat_interval: random.pick([`${interval * 1_500}ms`, `${interval * 2_500}ms`, '1h', '1h']),
  };
}

function randomGroupBy(random: Random): readonly string[] {
  if (random.chance(0.15)) return ['...'];
  return NAMES.filter(() => random.chance(0.35));
}

function randomRoute(
  random: Random,
  { names, depth }: { readonly names: readonly string[]; readonly depth: number },
): object {
  const children = depth >= 2 ? 0 : random.below(3);
  return {
    ...(random.chance(0.6) ? { receiver: random.pick(names) } : {}),
    ...(random.chance(0.4) ? { group_by: randomGroupBy(random) } : {}),
    ...(random.chance(0.3) ? randomTimes(random) : {}),
    matchers: Array.from({ length: random.below(3) }, () => randomMatcher(random)),
    continue: random.chance(0.4),
    ...(random.chance(0.1) ? { mute_time_intervals: [random.pick(['always', 'never'])] } : {}),
    ...(random.chance(0.1) ? { active_time_intervals: [random.pick(['always', 'never'])] } : {}),
    routes: Array.from({ length: children }, () => randomRoute(random, { names, depth: depth + 1 })),
  };
}

function randomInhibition(id: string, random: Random): object {
  return {
    source_matchers: [`case="${id}"`, randomMatcher(random)],
    target_matchers: [`case="${id}"`, randomMatcher(random)],
    equal: NAMES.filter(() => random.chance(0.3)),
  };
}

function randomLabels(id: string, random: Random): Labels {
  const optional = (name: string, probability: number): Labels =>
    random.chance(probability) ? { [name]: random.pick(VALUES[name]!) } : {};
  return {
    case: id,
    alertname: random.pick(VALUES.alertname!),
    ...optional('severity', 0.9),
    ...optional('service', 0.7),
    ...optional('instance', 0.7),
    ...(random.chance(0.2) ? { job: random.pick(['x', 'y']) } : {}),
  };
}

function randomEvents(id: string, random: Random, seconds: number): readonly CaseEvent[] {
  const events: CaseEvent[] = [];
  const last = seconds - 6;
  for (let count = 2 + random.below(6); count > 0; count--) {
    const labels = randomLabels(id, random);
    const annotations = random.chance(0.5) ? { summary: `of ${labels.alertname}` } : {};
    const atSeconds = random.below(last - 4);
    // Longer than any group_wait: told at once. One a case, since its group is flushed at its fraction of a second.
    const isOverdue =
      random.chance(0.3) && !events.some((event) => event.kind === 'alert' && event.startedAgo);
    const end = !isOverdue && random.chance(0.15) ? 'timeout' : 'far';
    const alert = { kind: 'alert', labels, annotations } as const;
    events.push({
      ...alert,
      ...(isOverdue ? { startedAgo: 60, atSeconds: atSeconds + LATE_SECONDS } : { atSeconds }),
      end,
    });
    // Reported again, as Prometheus does; with other annotations.
    if (random.chance(0.3))
      events.push({ ...alert, annotations: { summary: 'again' }, atSeconds: atSeconds + 2, end });
    if (end === 'far' && random.chance(0.7))
      events.push({ ...alert, atSeconds: atSeconds + 1 + random.below(last - atSeconds), end: 'now' });
  }
  if (random.chance(0.3)) {
    const name = random.pick(NAMES);
    const isRegex = random.chance(0.5);
    events.push({
      kind: 'silence',
      atSeconds: random.below(last),
      forSeconds: 2 + random.below(8),
      matchers: [
        { name: 'case', value: id, isRegex: false, isEqual: true },
        {
          name,
          value: random.pick((isRegex ? PATTERNS : VALUES)[name]!),
          isRegex,
          isEqual: random.chance(0.8),
        },
      ],
    });
  }
  return events.sort((a, b) => a.atSeconds - b.atSeconds);
}

/** One `alertmanager.yml` for these cases. JSON is YAML. */
export function toConfig(cases: readonly RandomCase[]): string {
  return JSON.stringify({
    global: { resolve_timeout: `${RESOLVE_TIMEOUT_SECONDS}s` },
    route: { receiver: 'nobody', routes: cases.map(({ route }) => route) },
    receivers: [{ name: 'nobody' }, ...cases.flatMap(({ receivers }) => receivers)],
    inhibit_rules: cases.flatMap(({ inhibitRules }) => inhibitRules),
    time_intervals: TIME_INTERVALS,
  });
}
