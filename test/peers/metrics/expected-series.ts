/**
 * What OTLP metrics must look like in Prometheus, worked out from the JSON by the compatibility rules of
 * the OpenTelemetry specification alone: a second opinion that shares no code with the pipeline. It knows
 * cumulative metrics and the units that the recordings have, and throws for anything else.
 */
import { seriesText } from './ask-series.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface Point {
  readonly attributes?: readonly Attribute[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly asInt?: string;
  readonly asDouble?: number | string;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly quantileValues?: readonly {
    readonly quantile?: number;
    readonly value?: number | string /* "NaN" */;
  }[];
}

interface Data {
  readonly dataPoints: readonly Point[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}

interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: Data;
  readonly sum?: Data;
  readonly histogram?: Data;
  readonly summary?: Data;
}

export interface MetricsRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes?: readonly Attribute[] };
    readonly scopeMetrics: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly schemaUrl?: string;
      readonly metrics: readonly Metric[];
    }[];
  }[];
}

/** Per series: what its source said last, and what sources before a restart had counted. */
interface Level {
  timeNs: bigint;
  startNs: string;
  last: number;
  base: number;
}

const UNIT_WORDS: Readonly<Record<string, string>> = { By: 'bytes', s: 'seconds', ms: 'milliseconds' };
const IDENTITY = ['service.name', 'service.namespace', 'service.instance.id'];

/** The value of every series after all requests. */
export function expectSeries(requests: readonly MetricsRequest[]): ReadonlyMap<string, number> {
  const levels = new Map<string, Level>();
  for (const { resourceMetrics } of requests) {
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const identity = identityOf(resource.attributes ?? []);
      const info = infoOf(resource.attributes ?? [], identity);
      for (const { scope = {}, schemaUrl, metrics } of scopeMetrics) {
        const shared = {
          ...identity,
          ...(scope.name ? { otel_scope_name: scope.name } : {}),
          ...(scope.version ? { otel_scope_version: scope.version } : {}),
          ...(schemaUrl ? { otel_scope_schema_url: schemaUrl } : {}),
        };
        for (const metric of metrics) note(levels, metric, shared);
        if (info !== undefined) setLast(levels, seriesText(info), { value: 1, timeNs: 0n });
      }
    }
  }
  return new Map([...levels].map(([text, { base, last }]) => [text, base + last]));
}

function note(levels: Map<string, Level>, metric: Metric, shared: Readonly<Record<string, string>>): void {
  const name = nameOf(metric);
  const data = metric.gauge ?? metric.sum ?? metric.histogram ?? metric.summary!;
  if (data.aggregationTemporality !== undefined && data.aggregationTemporality !== 2)
    throw new Error('not cumulative');
  for (const point of data.dataPoints) {
    const timeNs = BigInt(point.timeUnixNano);
    const startNs = point.startTimeUnixNano ?? '0';
    const labels = { ...shared, ...labelsOf(point.attributes ?? []) };
    const text = (suffix: string, extra: Record<string, string> = {}): string =>
      seriesText({ __name__: name + suffix, ...labels, ...extra });
    const count = (to: string, value: number): void => setTotal(levels, to, { value, timeNs, startNs });
    if (metric.gauge || (metric.sum && !metric.sum.isMonotonic)) {
      setLast(levels, text(''), { value: numberOf(point), timeNs });
    } else if (metric.sum) {
      count(text(''), numberOf(point));
    } else if (metric.histogram) {
      let below = 0;
      const counts = point.bucketCounts ?? [point.count ?? '0'];
      for (const [i, own] of counts.entries()) {
        below += Number(own);
        const bound = point.explicitBounds?.[i];
        count(text('_bucket', { le: bound === undefined ? '+Inf' : boundText(bound) }), below);
      }
      count(text('_count'), below);
      if (point.sum !== undefined) count(text('_sum'), point.sum);
    } else {
      for (const { quantile = 0, value = 0 } of point.quantileValues ?? [])
        setLast(levels, text('', { quantile: boundText(quantile) }), { value: Number(value), timeNs });
      count(text('_count'), Number(point.count ?? 0));
      count(text('_sum'), Number(point.sum ?? 0));
    }
  }
}

function setLast(
  levels: Map<string, Level>,
  text: string,
  { value, timeNs }: { readonly value: number; readonly timeNs: bigint },
): void {
  const known = levels.get(text);
  if (known === undefined || timeNs >= known.timeNs)
    levels.set(text, { timeNs, startNs: '0', last: value, base: 0 });
}

function setTotal(
  levels: Map<string, Level>,
  text: string,
  { value, timeNs, startNs }: { readonly value: number; readonly timeNs: bigint; readonly startNs: string },
): void {
  const known = levels.get(text);
  if (known === undefined) {
    levels.set(text, { timeNs, startNs, last: value, base: 0 });
    return;
  }
  if (timeNs < known.timeNs) return;
  if (startNs !== known.startNs) known.base += known.last;
  Object.assign(known, { timeNs, startNs, last: value });
}

function nameOf({ name, unit = '', gauge, sum }: Metric): string {
  const words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== '');
  const isCounter = sum?.isMonotonic === true;
  const unitWord = unit === '1' || /^\{.*\}$/.test(unit) || unit === '' ? '' : UNIT_WORDS[unit];
  if (unitWord === undefined) throw new Error(`unit ${unit}`);
  if (unitWord !== '' && !words.includes(unitWord)) words.push(unitWord);
  if (isCounter) return [...words.filter((word) => word !== 'total'), 'total'].join('_');
  if (gauge !== undefined && unit === '1')
    return [...words.filter((word) => word !== 'ratio'), 'ratio'].join('_');
  return words.join('_');
}

function identityOf(attributes: readonly Attribute[]): Record<string, string> {
  const text = (key: string): string => attributes.find((one) => one.key === key)?.value.stringValue ?? '';
  const [name, instance] = [text('service.name'), text('service.instance.id')];
  return { job: name, ...(instance === '' ? {} : { instance }) };
}

function infoOf(
  attributes: readonly Attribute[],
  identity: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const rest = attributes.filter(({ key }) => !IDENTITY.includes(key));
  return rest.length === 0 ? undefined : { __name__: 'target_info', ...identity, ...labelsOf(rest) };
}

function labelsOf(attributes: readonly Attribute[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { key, value } of attributes) {
    const text = value.stringValue ?? value.intValue;
    if (text === undefined) throw new Error(`attribute ${key} is neither text nor integer`);
    if (text !== '') labels[key.replaceAll(/[^a-zA-Z0-9_]/g, '_')] = text;
  }
  return labels;
}

function numberOf({ asInt, asDouble }: Point): number {
  return asInt === undefined ? Number(asDouble) : Number(asInt);
}

/** 0.5, 1.0, 1e+06, as Prometheus 3 writes bounds. */
function boundText(bound: number): string {
  if (bound !== 0 && (Math.abs(bound) >= 1e6 || Math.abs(bound) < 1e-4)) {
    const [digits, exponent = ''] = bound.toExponential().split('e');
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
