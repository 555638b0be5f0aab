/** The functions that templates can call, as Loki documents them (Query template functions). */
import { createLinearRegex } from '@sluice/backends/linear-regex';
import { parseBytes, parseDurationMs } from './tokens.ts';

export type TemplateValue = string | number | boolean;
export type TemplateFunction = (values: readonly TemplateValue[]) => TemplateValue;

/** A function cannot work with what it was given: the line gets an error label. */
export class TemplateError extends Error {}

const MAX_TEXT = 65_536;

export function toText(value: TemplateValue): string {
  return typeof value === 'string' ? value : String(value);
}

function number(value: TemplateValue | undefined): number {
  const result = typeof value === 'number' ? value : Number(String(value ?? '').trim() || 0);
  if (Number.isNaN(result)) throw new TemplateError(`${JSON.stringify(value)} is not a number`);
  return result;
}

/** A function of texts with a fixed number of arguments. */
function text(arity: number, apply: (...texts: string[]) => TemplateValue): TemplateFunction {
  return (values) => {
    if (values.length !== arity)
      throw new TemplateError(`wrong number of args: want ${arity} got ${values.length}`);
    return apply(...values.map(toText));
  };
}

function numbers(apply: (values: readonly number[]) => number): TemplateFunction {
  return (values) => apply(values.map(number));
}

const whole = (apply: (a: number, b: number) => number): TemplateFunction =>
  numbers((values) => values.map(Math.trunc).reduce((a, b) => apply(a, b)));
const real = (apply: (a: number, b: number) => number): TemplateFunction =>
  numbers((values) => values.reduce((a, b) => apply(a, b)));

function compare(values: readonly TemplateValue[], test: (order: number) => boolean): boolean {
  const [left = '', right = ''] = values;
  if (typeof left === 'number' && typeof right === 'number') return test(left - right);
  const [a, b] = [toText(left), toText(right)];
  return test(a < b ? -1 : a > b ? 1 : 0);
}

function regexReplace(pattern: string, source: string, replacement: string): string {
  try {
    return createLinearRegex(pattern).replaceAll(source, replacement);
  } catch (cause) {
    throw new TemplateError((cause as Error).message, { cause });
  }
}

function trimSet(set: string, value: string, { start, end }: { start: boolean; end: boolean }): string {
  let from = 0;
  let to = value.length;
  if (start) while (from < to && set.includes(value[from]!)) from += 1;
  if (end) while (to > from && set.includes(value[to - 1]!)) to -= 1;
  return value.slice(from, to);
}

function pad(width: number, value: string, isLeft: boolean): string {
  const characters = [...value];
  if (width < 0 || width > MAX_TEXT) throw new TemplateError(`width ${width} is out of range`);
  if (characters.length >= width)
    return isLeft ? characters.slice(0, width).join('') : characters.slice(-width).join('');
  const space = ' '.repeat(width - characters.length);
  return isLeft ? value + space : space + value;
}

function printf(values: readonly TemplateValue[]): string {
  const [format = '', ...rest] = values;
  let i = 0;
  return toText(format).replaceAll(
    /%(-?)(0?)(\d*)(?:\.(\d+))?([sdvqftx%])/g,
    (_all, left, zero, width, precision, verb) => {
      if (verb === '%') return '%';
      const value = rest[i] ?? '';
      i += 1;
      let shown = toText(value);
      if (verb === 'q') shown = JSON.stringify(shown);
      if (verb === 'd') shown = String(Math.trunc(number(value)));
      if (verb === 'f')
        shown = number(value).toFixed(precision === undefined ? 6 : Math.min(20, Number(precision)));
      if (verb === 'x') shown = Math.trunc(number(value)).toString(16);
      if (verb === 's' && precision !== undefined) shown = shown.slice(0, Number(precision));
      const size = Math.min(1000, Number(width || 0));
      return left === '-' ? shown.padEnd(size) : shown.padStart(size, zero === '0' ? '0' : ' ');
    },
  );
}

function decodeBase64(value: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new TemplateError('illegal base64 data');
  return Buffer.from(value, 'base64').toString('utf8');
}

const title = (value: string): string =>
  value.replaceAll(
    /(^|[^\p{L}\p{N}'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
const indent = (count: string, value: string): string => {
  const space = ' '.repeat(Math.min(1000, Math.max(0, number(count))));
  return space + value.replaceAll('\n', `\n${space}`);
};
const trimBoth = { start: true, end: true };
const upper = text(1, (value) => value.toUpperCase());
const lower = text(1, (value) => value.toLowerCase());
const trimSpace = text(1, (value) => value.trim());
const seconds = (value: string): number => {
  const ms = parseDurationMs(value);
  if (ms === undefined) throw new TemplateError(`time: invalid duration ${JSON.stringify(value)}`);
  return ms / 1000;
};
const round = (apply: (value: number) => number): TemplateFunction =>
  numbers(([value = 0, digits = 0]) => {
    const scale = 10 ** digits;
    return apply(value * scale) / scale;
  });

export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['ToLower', lower],
  ['lower', lower],
  ['ToUpper', upper],
  ['upper', upper],
  ['title', text(1, title)],
  ['Replace', text(4, (value, from, to, count) => replaceSome(value, { from, to, count: number(count) }))],
  ['replace', text(3, (from, to, value) => value.replaceAll(from, () => to))],
  ['Trim', text(2, (value, set) => trimSet(set, value, trimBoth))],
  ['TrimLeft', text(2, (value, set) => trimSet(set, value, { start: true, end: false }))],
  ['TrimRight', text(2, (value, set) => trimSet(set, value, { start: false, end: true }))],
  ['TrimPrefix', text(2, (value, prefix) => (value.startsWith(prefix) ? value.slice(prefix.length) : value))],
  [
    'TrimSuffix',
    text(2, (value, suffix) =>
      suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
    ),
  ],
  ['TrimSpace', trimSpace],
  ['trim', trimSpace],
  ['trimAll', text(2, (set, value) => trimSet(set, value, trimBoth))],
  ['trimPrefix', text(2, (prefix, value) => (value.startsWith(prefix) ? value.slice(prefix.length) : value))],
  [
    'trimSuffix',
    text(2, (suffix, value) =>
      suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
    ),
  ],
  [
    'trunc',
    text(2, (count, value) =>
      number(count) < 0 ? value.slice(number(count)) : value.slice(0, number(count)),
    ),
  ],
  [
    'substr',
    text(3, (from, to, value) =>
      value.slice(Math.max(0, number(from)), number(to) < 0 ? undefined : number(to)),
    ),
  ],
  ['indent', text(2, indent)],
  ['nindent', text(2, (count, value) => `\n${indent(count, value)}`)],
  [
    'repeat',
    text(2, (count, value) =>
      value.repeat(Math.min(Math.max(0, number(count)), Math.ceil(MAX_TEXT / Math.max(1, value.length)))),
    ),
  ],
  ['contains', text(2, (part, value) => value.includes(part))],
  ['hasPrefix', text(2, (prefix, value) => value.startsWith(prefix))],
  ['hasSuffix', text(2, (suffix, value) => value.endsWith(suffix))],
  ['regexReplaceAll', text(3, (pattern, value, replacement) => regexReplace(pattern, value, replacement))],
  [
    'regexReplaceAllLiteral',
    text(3, (pattern, value, replacement) =>
      regexReplace(pattern, value, replacement.replaceAll('$', '\\$')),
    ),
  ],
  ['count', text(2, (pattern, value) => countMatches(pattern, value))],
  ['alignLeft', text(2, (width, value) => pad(number(width), value, true))],
  ['alignRight', text(2, (width, value) => pad(number(width), value, false))],
  ['b64enc', text(1, (value) => Buffer.from(value).toString('base64'))],
  ['b64dec', text(1, decodeBase64)],
  ['urlencode', text(1, (value) => encodeURIComponent(value).replaceAll('%20', '+'))],
  ['urldecode', text(1, (value) => decodeUrl(value))],
  ['default', text(2, (fallback, value) => (value === '' ? fallback : value))],
  ['printf', printf],
  ['print', (values) => values.map(toText).join('')],
  ['len', text(1, (value) => Buffer.byteLength(value))],
  ['int', numbers(([value = 0]) => Math.trunc(value))],
  ['float64', numbers(([value = 0]) => value)],
  ['add', whole((a, b) => a + b)],
  ['sub', whole((a, b) => a - b)],
  ['mul', whole((a, b) => a * b)],
  ['div', whole((a, b) => Math.trunc(divide(a, b)))],
  ['mod', whole((a, b) => a % nonZero(b))],
  ['addf', real((a, b) => a + b)],
  ['subf', real((a, b) => a - b)],
  ['mulf', real((a, b) => a * b)],
  ['divf', real(divide)],
  ['max', whole(Math.max)],
  ['min', whole(Math.min)],
  ['maxf', real(Math.max)],
  ['minf', real(Math.min)],
  ['ceil', round(Math.ceil)],
  ['floor', round(Math.floor)],
  ['round', round(Math.round)],
  ['bytes', text(1, (value) => parseBytes(value) ?? fail(`invalid size ${JSON.stringify(value)}`))],
  ['duration', text(1, seconds)],
  ['duration_seconds', text(1, seconds)],
  ['unixEpoch', text(1, (value) => Math.floor(timeOf(value) / 1000))],
  ['unixEpochMillis', text(1, (value) => timeOf(value))],
  ['eq', (values) => values.slice(1).some((other) => compare([values[0]!, other], (order) => order === 0))],
  ['ne', (values) => compare(values, (order) => order !== 0)],
  ['lt', (values) => compare(values, (order) => order < 0)],
  ['le', (values) => compare(values, (order) => order <= 0)],
  ['gt', (values) => compare(values, (order) => order > 0)],
  ['ge', (values) => compare(values, (order) => order >= 0)],
  ['not', ([value = '']) => value === '' || value === 0 || value === false],
  [
    'and',
    (values) =>
      values.find((value) => value === '' || value === 0 || value === false) ?? values.at(-1) ?? false,
  ],
  [
    'or',
    (values) =>
      values.find((value) => value !== '' && value !== 0 && value !== false) ?? values.at(-1) ?? false,
  ],
]);

function replaceSome(
  value: string,
  { from, to, count }: { from: string; to: string; count: number },
): string {
  if (count < 0) return value.replaceAll(from, () => to);
  let result = value;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const found = result.indexOf(from, at);
    if (found < 0 || from === '') break;
    result = result.slice(0, found) + to + result.slice(found + from.length);
    at = found + to.length;
  }
  return result;
}

function countMatches(pattern: string, value: string): number {
  const mark = '\u0000';
  return regexReplace(pattern, value.replaceAll(mark, ''), mark).split(mark).length - 1;
}

function divide(a: number, b: number): number {
  return a / nonZero(b);
}

function nonZero(value: number): number {
  if (value === 0) throw new TemplateError('division by zero');
  return value;
}

function decodeUrl(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch (cause) {
    throw new TemplateError('invalid URL escape', { cause });
  }
}

function timeOf(value: string): number {
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? fail(`cannot read ${JSON.stringify(value)} as a time`) : ms;
}

function fail(what: string): never {
  throw new TemplateError(what);
}
