/** label_replace and label_join: labels made of other labels. What they write is charged before it is made. */
import { RE2JS } from 're2js';
import { isLabelName } from '../evaluate/aggregate-count-values.ts';
import type { QueryContext } from '../evaluate/query-context.ts';
import { mergeSameLabels, type StepSeries } from '../evaluate/step-series.ts';
import { labelValue, METRIC_NAME, withLabel } from '../model/labels.ts';
import type { CallExpr } from '../parse/ast.ts';
import { failExecution } from '../query-error.ts';

type Query = Pick<QueryContext, 'budget' | 'checkTime'>;

export function labelReplace(
  call: CallExpr,
  vector: () => StepSeries[],
  { budget, checkTime }: Query,
): StepSeries[] {
  const [destination, replacement, source, pattern] = texts(call) as [string, string, string, string];
  const regex = compile(pattern);
  if (!isLabelName(destination)) {
    failExecution(`invalid destination label name in label_replace(): ${destination}`);
  }
  const result = vector().map((series) => {
    checkTime();
    const matcher = regex.matcher(labelValue(series.labels, source));
    if (!matcher.matches()) return series;
    const groups = { count: matcher.groupCount(), names: regex.namedGroups() as Record<string, number> };
    budget.chargeText(replacement.length);
    const value = expand(replacement, (name) => {
      const index = /^\d+$/.test(name) ? Number(name) : groups.names[name];
      const text = index === undefined || index > groups.count ? '' : (matcher.group(index) ?? '');
      budget.chargeText(text.length);
      return text;
    });
    return relabel(series, destination, value);
  });
  return mergeSameLabels(result);
}

export function labelJoin(
  call: CallExpr,
  vector: () => StepSeries[],
  { budget, checkTime }: Query,
): StepSeries[] {
  const [destination, separator, ...sources] = texts(call) as [string, string, ...string[]];
  for (const source of sources) {
    if (!isLabelName(source)) failExecution(`invalid source label name in label_join(): ${source}`);
  }
  if (!isLabelName(destination))
    failExecution(`invalid destination label name in label_join(): ${destination}`);
  const result = vector().map((series) => {
    checkTime();
    const values = sources.map((source) => labelValue(series.labels, source));
    const separators = separator.length * Math.max(values.length - 1, 0);
    budget.chargeText(values.reduce((sum, { length }) => sum + length, separators));
    return relabel(series, destination, values.join(separator));
  });
  return mergeSameLabels(result);
}

/** A name that is set on purpose stays. */
function relabel(series: StepSeries, name: string, value: string): StepSeries {
  return {
    ...series,
    labels: withLabel(series.labels, name, value),
    dropName: name === METRIC_NAME ? false : series.dropName,
  };
}

function texts({ args }: CallExpr): string[] {
  return args.slice(1).map((arg) => (arg.kind === 'string' ? arg.value : ''));
}

function compile(pattern: string): RE2JS {
  try {
    RE2JS.compile(pattern);
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch {
    return failExecution(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

/** Go's templates: `$1`, `${1}`, `$name`, `${name}`, `$$`; a name is as long as it can be. */
function expand(template: string, groupOf: (name: string) => string): string {
  return template.replaceAll(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    return name === undefined ? (whole === '$$' ? '$' : '') : groupOf(name);
  });
}
