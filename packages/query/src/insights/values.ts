/** Values of Insights expressions. A field that a record does not have is `undefined`. */
export type Value = string | number | boolean | undefined;

/** A number, or a text that is one; booleans are 1 and 0, as Insights shows those of JSON. */
export function toNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

export function toText(value: Value): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return value === undefined ? '' : String(value);
}

export function isTrue(value: Value): boolean {
  return value === true || (typeof value === 'number' && value !== 0) || value === 'true' || value === '1';
}

/** Numerically when both are numbers, else as texts; `undefined` when one is absent. */
export function compareValues(left: Value, right: Value): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  const [a, b] = [toNumber(left), toNumber(right)];
  return a !== undefined && b !== undefined ? a - b : compareTexts(toText(left), toText(right));
}

/** JSON's `true` equals "true" as well as 1. */
export function isEqual(left: Value, right: Value): boolean {
  if (typeof left === 'boolean' && (right === 'true' || right === 'false')) return String(left) === right;
  if (typeof right === 'boolean' && typeof left === 'string') return isEqual(right, left);
  return compareValues(left, right) === 0;
}

/** For sort and for extremes: numbers before texts, what is absent last. */
export function orderValues(left: Value, right: Value): number {
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a !== undefined && b !== undefined) return a - b;
  if (a !== undefined) return -1;
  if (b !== undefined) return 1;
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? 1 : -1;
  return compareTexts(toText(left), toText(right));
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The last millisecond that a Date can hold. */
const MAX_DATE_MS = 8.64e15;

/** `2026-01-01 00:00:00.123`, as Insights shows times. */
export function formatTime(ms: number): string {
  if (!(Math.abs(ms) <= MAX_DATE_MS)) return String(ms);
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
