/** Numbers written as Go writes them, which is how they stand in Prometheus' answers and label values. */

/** `strconv.FormatFloat(value, 'f', -1, 64)`: shortest digits, never an exponent. */
export function formatFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const { sign, digits, exponent } = decompose(value);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** `%g` and `%v`: shortest digits, with an exponent (of two digits or more) below 1e-4 and from 1e+06 on. */
export function formatGeneral(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatFixed(value);
  const { sign, digits, exponent } = decompose(value);
  if (exponent >= -4 && exponent < 6) return formatFixed(value);
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${sign}${digits[0]}${fraction}e${formatExponent(exponent)}`;
}

/** `%.<precision>g`: at most so many significant digits, trailing zeros cut. */
export function formatPrecision(value: number, precision: number): string {
  if (!Number.isFinite(value) || value === 0) return formatFixed(value);
  const [mantissa = '', power = ''] = value.toExponential(precision - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < precision) return formatFixed(Number(value.toPrecision(precision)));
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return `${short}e${formatExponent(exponent)}`;
}

/** As OpenMetrics writes label values of numbers: `1.0`, `0.5`, `+Inf`. */
export function formatOpenMetrics(value: number): string {
  const text = formatGeneral(value);
  return Number.isFinite(value) && !/[.e]/.test(text) ? `${text}.0` : text;
}

/** Go's `strconv.ParseFloat` for what stands in labels; undefined when it is not a number. */
export function parseGoFloat(text: string): number | undefined {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^\+?inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-inf(inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
}

function decompose(value: number): { sign: string; digits: string; exponent: number } {
  const [mantissa = '', power = ''] = Math.abs(value).toExponential().split('e');
  return { sign: value < 0 ? '-' : '', digits: mantissa.replace('.', ''), exponent: Number(power) };
}

function formatExponent(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
