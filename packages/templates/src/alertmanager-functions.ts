/** The functions that Alertmanager adds for messages of receivers. */
import { queryEscape } from './builtin-functions.ts';
import { formatTime, inZone } from './go-time.ts';
import { GoDuration, type GoFunction, GoMap, type GoValue, SafeHtml, typeName } from './go-value.ts';
import { humanizeDuration } from './humanize.ts';
import { TEXT_FUNCTIONS, toText } from './text-functions.ts';

export interface AlertmanagerFunctionOptions {
  readonly nowMs: number;
}

export function alertmanagerFunctions({
  nowMs,
}: AlertmanagerFunctionOptions): Readonly<Record<string, GoFunction>> {
  return {
    ...TEXT_FUNCTIONS,
    // Unlike Prometheus' function of this name it lowers what follows the first letter.
    title: (text) =>
      toText(text)
        .toLowerCase()
        .replaceAll(WORD_START, (letter) => letter.toUpperCase()),
    join: (separator, items) => toSlice(items).map(toText).join(toText(separator)),
    stringSlice: (...items) => items.map(toText),
    list: (...items) => items,
    append: (items, ...more) => [...toSlice(items), ...more],
    dict(...pairs) {
      if (pairs.length % 2 !== 0) throw new Error('dict takes pairs of key and value');
      const keys = pairs.filter((_, index) => index % 2 === 0);
      if (keys.some((key) => typeof key !== 'string')) throw new Error('dict keys must be strings');
      return new GoMap(keys.map((key, index) => [String(key), pairs[2 * index + 1]]));
    },
    safeUrl: (text) => new SafeHtml(toText(text)),
    urlUnescape(text) {
      try {
        return decodeURIComponent(toText(text).replaceAll('+', ' '));
      } catch (cause) {
        throw new Error(`invalid URL escape in ${JSON.stringify(toText(text))}`, { cause });
      }
    },
    urlQueryEscape: (text) => queryEscape(toText(text)),
    date: (layout, time) => formatTime(toTime(time), toText(layout)),
    tz(zone, time) {
      try {
        return inZone(toTime(time), toText(zone));
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new Error(`unknown time zone ${toText(zone)}`, { cause });
      }
    },
    since: (time) => new GoDuration(BigInt(nowMs - toTime(time).getTime()) * 1_000_000n),
    humanizeDuration: (value) =>
      humanizeDuration(value instanceof GoDuration ? value.seconds : Number(value)),
    toJson: (value) => JSON.stringify(toJson(value)),
  };
}

/** A letter that no letter, digit or mark stands before (Unicode word boundaries, roughly). */
const WORD_START = /(?<![\p{L}\p{N}\p{M}_'’])\p{L}/gu;

function toTime(value: GoValue): Date {
  if (value instanceof Date) return value;
  throw new Error(`want a time, got ${typeName(value)}`);
}

function toSlice(value: GoValue): readonly GoValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`want a list, got ${typeName(value)}`);
  return value as readonly GoValue[];
}

/** What Go's encoding/json makes of the value; methods are left out. */
function toJson(value: GoValue): unknown {
  if (value === undefined || value === null || typeof value === 'function') return null;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof GoDuration) return Number(value.nanoseconds);
  if (value instanceof SafeHtml) return value.html;
  if (value instanceof GoMap)
    return Object.fromEntries(value.sorted().map(([key, item]) => [key, toJson(item)]));
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z');
  if (Array.isArray(value)) return (value as readonly GoValue[]).map(toJson);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => typeof field !== 'function')
      .map(([key, field]) => [key, toJson(field)]),
  );
}
