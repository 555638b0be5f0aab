/** What is told of a rule test that failed, character for character as promtool tells it. */
import { formatDuration } from '@sluice/config/duration';
import { formatLabels, type Labels } from '@sluice/promql/model/labels';

export interface ShownAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface ShownSample {
  readonly labels: Labels;
  readonly value: number;
  /** '' for a float. */
  readonly histogram: string;
}

export function renderAlertFailure(failure: {
  readonly testName: string;
  readonly alertname: string;
  readonly evalTimeMs: number;
  readonly expected: readonly ShownAlert[];
  readonly got: readonly ShownAlert[];
}): string {
  const name = failure.testName === '' ? '' : `    name: ${failure.testName},\n`;
  const time = formatDuration(failure.evalTimeMs);
  const indent = ' '.repeat(12);
  return `${name}    alertname: ${failure.alertname}, time: ${time}, \n        exp:${indentLines(renderAlerts(failure.expected), indent)}, \n        got:${indentLines(renderAlerts(failure.got), indent)}`;
}

export function renderExpressionFailure(failure: {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly expected: readonly ShownSample[];
  readonly got: readonly ShownSample[];
}): string {
  const { expr, evalTimeMs, expected, got } = failure;
  return `    expr: ${JSON.stringify(expr)}, time: ${formatDuration(evalTimeMs)},\n        exp: ${renderSamples(expected)}\n        got: ${renderSamples(got)}`;
}

function renderAlerts(alerts: readonly ShownAlert[]): string {
  if (alerts.length === 0) return '[]';
  const shown = alerts.map(
    ({ labels, annotations }, index) =>
      `${index}:${indentLines(`\nLabels:${formatLabels(labels)}\nAnnotations:${formatLabels(annotations)}`, '  ')}`,
  );
  return `[\n${shown.join(',\n')}\n]`;
}

/** All lines but the first. */
function indentLines(text: string, indent: string): string {
  return text.replaceAll('\n', `\n${indent}`);
}

function renderSamples(samples: readonly ShownSample[]): string {
  if (samples.length === 0) return 'nil';
  return samples
    .map(({ labels, value, histogram }) => `${formatLabels(labels)} ${histogram || formatScientific(value)}`)
    .join(', ');
}

/** Go's `%E` with as few digits as tell the number apart: `1.5E+00`. */
function formatScientific(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = Object.is(value, -0) ? '-0e+0' : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2').replace('e', 'E');
}

/** Go's time.Duration: `1h0m0s`, `5m0s`, `30s`, `500ms`. */
export function formatGoDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  if (durationMs < 1_000) return `${durationMs}ms`;
  const hours = Math.floor(durationMs / 3_600_000);
  const minutes = Math.floor((durationMs % 3_600_000) / 60_000);
  const seconds = (durationMs % 60_000) / 1_000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
