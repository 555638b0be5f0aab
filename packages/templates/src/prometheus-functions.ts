/** The functions that Prometheus adds for labels and annotations of rules. */
import { queryEscape } from './builtin-functions.ts';
import { formatPrecision } from './go-print.ts';
import { GoDuration, type GoFunction, GoMap, type GoValue, typeName } from './go-value.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from './humanize.ts';
import { TEXT_FUNCTIONS, toText } from './text-functions.ts';

export interface PrometheusFunctionOptions {
  /** Answers an instant query at the evaluation's time; throws RestartSignal while it is not known yet. */
  readonly query: (expression: string) => readonly TemplateSample[];
  /** Where links of alerts point, without a slash at the end. */
  readonly externalUrl: string;
}

export interface TemplateSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function prometheusFunctions(
  options: PrometheusFunctionOptions,
): Readonly<Record<string, GoFunction>> {
  const { externalUrl } = options;
  const number =
    (format: (value: number) => string): GoFunction =>
    (value) =>
      format(toFloat(value));
  return {
    ...TEXT_FUNCTIONS,
    query: (expression) => options.query(toText(expression)).map(toSample),
    first(samples) {
      const [head] = toSlice(samples);
      if (head === undefined) throw new Error('first() called on vector with no elements');
      return head;
    },
    label: (name, sample) => toText(labelsOf(sample).entries.get(toText(name))),
    value: (sample) => (isSample(sample) ? sample.Value : 0),
    strvalue: (sample) => toText(labelsOf(sample).entries.get('__value__')),
    sortByLabel(name, samples) {
      const key = toText(name);
      const text = (sample: GoValue): string => toText(labelsOf(sample).entries.get(key));
      return [...toSlice(samples)].sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
    },
    args: (...values) => new GoMap(values.map((value, index) => [`arg${index}`, value])),
    humanize: number(humanize),
    humanize1024: number(humanize1024),
    humanizeDuration: number(humanizeDuration),
    humanizePercentage: number(humanizePercentage),
    humanizeTimestamp(value) {
      const seconds = toFloat(value);
      return Number.isFinite(seconds) ? toTime(seconds) : formatPrecision(seconds, 4);
    },
    toTime: (value) => toTime(toFloat(value)),
    toDuration: (value) => new GoDuration(BigInt(Math.round(toFloat(value) * 1e9))),
    now: () => {
      throw new Error('now is not available: a template gives the same text whenever it is executed');
    },
    parseDuration: (text) => parsePrometheusDuration(toText(text)),
    graphLink: (expression) => `/graph?g0.expr=${queryEscape(toText(expression))}&g0.tab=0`,
    tableLink: (expression) => `/graph?g0.expr=${queryEscape(toText(expression))}&g0.tab=1`,
    urlQueryEscape: (text) => queryEscape(toText(text)),
    externalURL: () => externalUrl,
    pathPrefix: () => (URL.canParse(externalUrl) ? new URL(externalUrl).pathname.replace(/\/$/, '') : ''),
    stripPort: (address) => stripPort(toText(address)),
    stripDomain: (address) => stripDomain(toText(address)),
  };
}

/** @throws Error when the value is no number */
function toFloat(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof GoDuration) return value.seconds;
  if (typeof value === 'string') {
    if (/^\s*$/.test(value) || Number.isNaN(Number(value))) {
      if (/^nan$/i.test(value)) return Number.NaN;
      if (/^[+-]?inf$/i.test(value))
        return value.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
    return Number(value);
  }
  throw new Error(`can't convert ${typeName(value)} to float`);
}

function toTime(seconds: number): Date {
  const time = new Date(Math.trunc(seconds * 1_000));
  if (Number.isNaN(time.getTime())) throw new Error(`${seconds} cannot be represented as a timestamp`);
  return time;
}

interface Sample {
  readonly Labels: GoMap;
  readonly Value: number;
  readonly [field: string]: GoValue;
}

function toSample({ labels, value }: TemplateSample): Sample {
  return { Labels: new GoMap(Object.entries(labels), { zero: '' }), Value: value };
}

function isSample(value: GoValue): value is Sample {
  return typeof value === 'object' && value !== null && (value as Partial<Sample>).Labels instanceof GoMap;
}

function labelsOf(value: GoValue): GoMap {
  if (!isSample(value)) throw new Error(`want a sample, got ${typeName(value)}`);
  return value.Labels;
}

function toSlice(value: GoValue): readonly GoValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`want a vector, got ${typeName(value)}`);
  return value as readonly GoValue[];
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  y: 31_536_000,
  w: 604_800,
  d: 86_400,
  h: 3_600,
  m: 60,
  s: 1,
  ms: 0.001,
};

/** `1h30m` → seconds. */
function parsePrometheusDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[ywdhms])/g)];
  if (text !== '0' && (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text))
    throw new Error(`not a valid duration string: ${JSON.stringify(text)}`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * DURATION_UNITS[unit!]!, 0);
}

/** `host:port` and `[v6]:port` → host; anything else as it is. */
function stripPort(address: string): string {
  return /^\[([^\]]+)\]:\d*$/.exec(address)?.[1] ?? /^([^:[\]]*):\d*$/.exec(address)?.[1] ?? address;
}

/** `db1.example.com:5432` → `db1:5432`; IP addresses as they are. */
function stripDomain(address: string): string {
  const match = /^([^:[\]]*)(:\d*)?$/.exec(address);
  if (match === null) return address;
  const [, host = '', port = ''] = match;
  return /^\d+(\.\d+){3}$/.test(host) ? address : (host.split('.')[0] ?? '') + port;
}
