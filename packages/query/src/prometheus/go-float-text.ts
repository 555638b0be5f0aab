/** A number as Go's strconv.ParseFloat reads it: decimal or hexadecimal, `_` between digits, `Inf` and `NaN`. */

const DECIMAL = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const HEXADECIMAL = /^([+-]?)0x_?([\da-f]+(?:_[\da-f]+)*)?\.?([\da-f]+(?:_[\da-f]+)*)?p([+-]?\d+)$/i;
const SPECIAL = /^([+-]?)(?:inf|infinity)$/i;

/** Undefined for what is no number. */
export function parseGoFloat(text: string): number | undefined {
  if (DECIMAL.test(text)) return finite(Number(text.replaceAll('_', '')));
  if (/^nan$/i.test(text)) return Number.NaN;
  const special = SPECIAL.exec(text);
  if (special) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const parts = HEXADECIMAL.exec(text);
  if (!parts) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = parts;
  const digits = `${whole}${fraction}`.replaceAll('_', '');
  if (digits === '') return undefined;
  const shift = Number(exponent) - 4 * fraction.replaceAll('_', '').length;
  return finite((sign === '-' ? -1 : 1) * Number(BigInt(`0x${digits}`)) * 2 ** shift);
}

/** Out of range is an error to Go. */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
