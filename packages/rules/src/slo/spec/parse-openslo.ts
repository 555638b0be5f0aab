/**
 * OpenSLO v1alpha, as far as Sloth takes it: objectives by ratios of good events in PromQL, one time window
 * in days. Its alerts are in other objects, so that an SLO from here has none.
 */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import { DAY_MS, type Slo, type SloGroup } from '../slo.ts';
import { checkQuery } from './check-sli.ts';
import { type Located, located } from './either-casing.ts';
import type { SpecOptions } from './parse-sloth-spec.ts';
import { sloName } from './spec-labels.ts';

const anything: d.Decoder<unknown> = (node) => node.toPlain() ?? '';

const metric = d.mapping({
  source: d.required(d.oneOf('prometheus', 'sloth')),
  queryType: d.required(d.oneOf('promql')),
  query: d.required(located(d.nonEmptyText)),
  metadata: d.optional(anything),
});

const objective = located(
  d.mapping({
    ratioMetrics: d.optional(
      d.mapping({
        incremental: d.optional(d.boolean),
        counter: d.optional(d.boolean),
        good: d.required(metric),
        total: d.required(metric),
      }),
    ),
    target: d.required(
      d.checked(d.number, (ratio) =>
        ratio > 0 && ratio <= 1 ? undefined : `want a ratio above 0 and up to 1, got ${ratio}`,
      ),
    ),
    displayName: d.optional(d.text),
    value: d.optional(d.number),
    op: d.optional(d.text),
    timeSliceTarget: d.optional(d.number),
  }),
);

const window = d.mapping({
  count: d.required(
    d.checked(d.integer, (days) => (days > 0 ? undefined : `want at least 1 day, got ${days}`)),
  ),
  unit: d.required(
    d.checked(d.text, (unit) =>
      unit.toLowerCase() === 'day' ? undefined : 'only time windows in days are supported',
    ),
  ),
  isRolling: d.optional(d.boolean),
  calendar: d.optional(anything),
});

const object = d.mapping({
  apiVersion: d.required(d.text),
  kind: d.required(d.text),
  metadata: d.required(
    d.mapping({ name: d.required(sloName), displayName: d.optional(d.text) }, { isLenient: true }),
  ),
  spec: d.required(
    d.mapping({
      service: d.required(sloName),
      description: d.withDefault(d.text, ''),
      budgetingMethod: d.optional(d.text),
      indicator: d.optional(anything),
      objectives: d.required(located(d.listOf(objective))),
      timeWindows: d.withDefault(
        d.checked(d.listOf(window), (windows) =>
          windows.length <= 1 ? undefined : 'only one time window is supported',
        ),
        [],
      ),
    }),
  ),
});

type Objective = d.Decoded<typeof objective>;

export function parseOpenSlo(node: ConfigNode, options: SpecOptions): SloGroup | undefined {
  const decoded = object(node);
  if (decoded === undefined) return undefined;
  const { metadata, spec } = decoded;
  const { service, description, objectives, timeWindows } = spec;
  if (objectives.value.length === 0) objectives.node.report('at least one objective is wanted');
  const slos = objectives.value.flatMap(({ value, node: place }, index): readonly Slo[] => {
    const sli = toSli({ value, node: place });
    if (sli === undefined) return [];
    return [
      {
        id: `${service}-${metadata.name}-${index}`,
        name: `${metadata.name}-${index}`,
        service,
        description,
        objective: value.target * 100,
        periodMs: timeWindows[0] === undefined ? options.defaultPeriodMs : timeWindows[0].count * DAY_MS,
        labels: {},
        sli,
        page: undefined,
        ticket: undefined,
        quarantine: undefined,
        file: options.file,
        line: place.line,
      },
    ];
  });
  return { kind: 'openslo/v1alpha', file: options.file, slos };
}

/** Good events into a ratio of bad ones, in the words of Sloth. */
function toSli({ value, node }: Located<Objective['value']>): Slo['sli'] | undefined {
  if (value.ratioMetrics === undefined) {
    node.report('ratioMetrics is missing: objectives by thresholds are not supported');
    return undefined;
  }
  const good = checkQuery(value.ratioMetrics.good.query);
  const total = checkQuery(value.ratioMetrics.total.query);
  if (good === undefined || total === undefined) return undefined;
  return {
    kind: 'raw',
    errorRatioQuery: `\n  1 - (\n    (\n      ${good}\n    )\n    /\n    (\n      ${total}\n    )\n  )\n`,
  };
}
