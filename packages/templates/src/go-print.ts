/** Values as Go's fmt package prints them. */
import { formatTime } from './go-time.ts';
import { GoDuration, GoMap, type GoValue, SafeHtml, typeName } from './go-value.ts';

/** `%v`; nil is `<no value>` at the top, as text/template prints it, and `<nil>` inside. */
export function printValue(value: GoValue, { isNested = false } = {}): string {
  if (value === null || value === undefined) return isNested ? '<nil>' : '<no value>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatFloat(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return formatTime(value, '2006-01-02 15:04:05.999999999 -0700 MST');
  if (value instanceof GoDuration) return formatDuration(value.nanoseconds);
  if (value instanceof SafeHtml) return value.html;
  if (value instanceof GoMap)
    return `map[${value
      .sorted()
      .map(([key, item]) => `${key}:${printValue(item, { isNested: true })}`)
      .join(' ')}]`;
  if (typeof value === 'function') return '<func>';
  const nested = (item: GoValue): string => printValue(item, { isNested: true });
  if (isSlice(value)) return `[${value.map(nested).join(' ')}]`;
  return `{${Object.values(value)
    .filter((field) => typeof field !== 'function')
    .map(nested)
    .join(' ')}}`;
}

/** `strconv.FormatFloat(value, 'g', -1, 64)`. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const exponent = value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 6) return plain(value);
  return withExponent(value.toExponential());
}

/** `%.<precision>g`: at most so many significant digits, trailing zeros cut. */
export function formatPrecision(value: number, precision: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const significant = Math.max(precision, 1);
  const [mantissa = '', power = ''] = value.toExponential(significant - 1).split('e');
  const exponent = Number(power);
  const cut = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent < -4 || exponent >= significant) return withExponent(`${cut}e${power}`);
  return plain(Number(value.toPrecision(significant)));
}

/** `time.Duration.String()`: `1h2m3.5s`, `150ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${fraction(size, 1_000n)}µs`;
  if (size < 1_000_000_000n) return `${sign}${fraction(size, 1_000_000n)}ms`;
  const minutes = size / 60_000_000_000n;
  const seconds = `${fraction(size % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

/** `fmt.Sprintf`. What does not fit its verb is shown as Go shows it: `%!d(string=x)`. */
export function sprintf(format: string, args: readonly GoValue[]): string {
  let used = 0;
  const text = format.replaceAll(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?([a-zA-Z%])?/g,
    (
      _,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      verb: string | undefined,
    ) => {
      if (verb === undefined) return '%!(NOVERB)';
      if (verb === '%') return '%';
      const star = (size: string | undefined): number | undefined => {
        if (size === '*') return Number(args[used++] ?? 0);
        return size === undefined ? undefined : Number(size || '0');
      };
      const minWidth = Math.min(star(width) ?? 0, MAX_WIDTH);
      const digits = star(precision);
      if (used >= args.length) return `%!${verb}(MISSING)`;
      const body = formatVerb(verb, args[used++], {
        flags,
        digits: digits === undefined ? undefined : Math.min(digits, 100),
      });
      if (flags.includes('-')) return body.padEnd(minWidth);
      const isNumber = /^[+-]?[\d.]/.test(body) && verb !== 's' && verb !== 'v';
      if (!flags.includes('0') || !isNumber) return body.padStart(minWidth);
      const sign = /^[+-]/.exec(body)?.[0] ?? '';
      return sign + body.slice(sign.length).padStart(minWidth - sign.length, '0');
    },
  );
  if (used >= args.length) return text;
  const extra = args
    .slice(used)
    .map((value) => `${typeName(value)}=${printValue(value, { isNested: true })}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

const MAX_WIDTH = 1_000;

/** `%q`. */
export function goQuote(text: string): string {
  return JSON.stringify(text)
    .replaceAll(/\\u00([01][0-9a-f])/g, '\\x$1')
    .replaceAll('\u007f', '\\x7f');
}

interface VerbOptions {
  readonly flags: string;
  readonly digits: number | undefined;
}

function formatVerb(verb: string, value: GoValue, { flags, digits }: VerbOptions): string {
  const wrong = (): string =>
    value === null || value === undefined
      ? `%!${verb}(<nil>)`
      : `%!${verb}(${typeName(value)}=${printValue(value, { isNested: true })})`;
  const signed = (text: string): string =>
    flags.includes('+') && !/^[+-]/.test(text)
      ? `+${text}`
      : flags.includes(' ') && !/^[+-]/.test(text)
        ? ` ${text}`
        : text;
  switch (verb) {
    case 'v':
      if (typeof value === 'number' && digits !== undefined) return signed(formatPrecision(value, digits));
      return printValue(value, { isNested: true });
    case 'T':
      return typeName(value);
    case 't':
      return typeof value === 'boolean' ? String(value) : wrong();
    case 's': {
      if (
        typeof value === 'number' ||
        typeof value === 'bigint' ||
        typeof value === 'boolean' ||
        value === null ||
        value === undefined
      )
        return wrong();
      const text = printValue(value);
      return digits === undefined ? text : [...text].slice(0, digits).join('');
    }
    case 'q':
      if (typeof value === 'bigint') return `'${String.fromCodePoint(Number(value))}'`;
      return typeof value === 'string' ? goQuote(value) : wrong();
    case 'd':
      if (value instanceof GoDuration) return signed(String(value.nanoseconds));
      return typeof value === 'bigint' ? signed(String(value)) : wrong();
    case 'c':
      return typeof value === 'bigint' ? String.fromCodePoint(Number(value)) : wrong();
    case 'x':
    case 'X': {
      if (typeof value !== 'bigint' && typeof value !== 'string') return wrong();
      const hex = typeof value === 'bigint' ? value.toString(16) : Buffer.from(value).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'b':
    case 'o':
      return typeof value === 'bigint' ? value.toString(verb === 'b' ? 2 : 8) : wrong();
    case 'f':
    case 'F':
      return typeof value === 'number' ? signed(toFixed(value, digits ?? 6)) : wrong();
    case 'e':
    case 'E': {
      if (typeof value !== 'number') return wrong();
      if (!Number.isFinite(value)) return formatFloat(value);
      const text = signed(withExponent(value.toExponential(digits ?? 6)));
      return verb === 'E' ? text.toUpperCase() : text;
    }
    case 'g':
    case 'G':
      if (typeof value !== 'number') return wrong();
      return signed(digits === undefined ? formatFloat(value) : formatPrecision(value, digits));
    default:
      return wrong();
  }
}

function toFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  if (Math.abs(value) < 1e21) return value.toFixed(digits);
  return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
}

/** `1e+6` → `1e+06`: Go writes two digits of exponent at least. */
function withExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Without an exponent, however small the number is. */
function plain(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}

function fraction(value: bigint, unit: bigint): string {
  const rest = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return rest === '' ? `${value / unit}` : `${value / unit}.${rest}`;
}

function isSlice(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}
