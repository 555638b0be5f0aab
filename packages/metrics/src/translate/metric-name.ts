/**
 * OTLP metric names as Prometheus names (OpenTelemetry specification, "Prometheus and OpenMetrics
 * Compatibility"): characters, unit suffix, type suffix.
 */
import { PointFault } from './rejections.ts';
import { unitSuffixes } from './unit-suffixes.ts';

export interface NameOptions {
  readonly nameSuffixes: boolean;
  readonly utf8Names: boolean;
}

export interface NamedMetric {
  readonly name: string;
  readonly unit: string;
  readonly isMonotonicSum: boolean;
  readonly isGauge: boolean;
}

const TOTAL = 'total';
const RATIO = 'ratio';

/** @throws PointFault when no character of the name is left. */
export function toMetricName(metric: NamedMetric, { nameSuffixes, utf8Names }: NameOptions): string {
  if (metric.name === '') throw new PointFault('name-vanishes', 'the metric has no name');
  if (utf8Names) return nameSuffixes ? withPlainSuffixes(metric) : metric.name;
  if (!nameSuffixes) return checkName(metric.name.replace(/[^a-zA-Z0-9:]+/g, '_'), metric.name);
  const tokens = metric.name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  if (tokens.length === 0) throw vanished(metric.name);
  const { main, per } = unitSuffixes(metric.unit);
  const own = [...tokens];
  if (main !== '' && !holdsAll(own, main)) tokens.push(...main.split('_'));
  if (per !== '' && !holdsAll(own, per)) tokens.push('per', ...per.split('_'));
  const name = withTypeSuffix(tokens, metric).join('_');
  return checkName(name, metric.name);
}

function withTypeSuffix(tokens: readonly string[], { unit, isMonotonicSum, isGauge }: NamedMetric) {
  if (isMonotonicSum) return [...tokens.filter((token) => token !== TOTAL), TOTAL];
  if (isGauge && unit === '1') return [...tokens.filter((token) => token !== RATIO), RATIO];
  return tokens;
}

/** Every word of the suffix is a word of the name already. */
function holdsAll(tokens: readonly string[], suffix: string): boolean {
  return suffix.split('_').every((word) => tokens.includes(word));
}

/** Suffixes behind a name that is otherwise left as it is. */
function withPlainSuffixes({ name, unit, isMonotonicSum, isGauge }: NamedMetric): string {
  const { main, per } = unitSuffixes(unit);
  let base = isMonotonicSum ? removeSuffix(name, `_${TOTAL}`) : name;
  if (isGauge && unit === '1') base = removeSuffix(base, `_${RATIO}`);
  if (main !== '' && !base.endsWith(main)) base += `_${main}`;
  if (per !== '' && !base.endsWith(`per_${per}`)) base += `_per_${per}`;
  if (isMonotonicSum) return `${base}_${TOTAL}`;
  return isGauge && unit === '1' ? `${base}_${RATIO}` : base;
}

function removeSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) && text.length > suffix.length ? text.slice(0, -suffix.length) : text;
}

function checkName(name: string, original: string): string {
  if (/^_*$/.test(name)) throw vanished(original);
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

function vanished(name: string): PointFault {
  return new PointFault(
    'name-vanishes',
    `metric name ${JSON.stringify(name)} has no character of a-z, A-Z, 0-9 or ":"`,
  );
}
