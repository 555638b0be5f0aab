/**
 * The names of the one JSON log record: which fields Sluice writes itself, and where an attribute goes
 * by its name. The shape as readers see it is described in docs/log-record.md.
 */

import { LOG_FIELD } from '@sluice/core/names';

/** Written by Sluice from the record itself. An attribute of such a name goes under `attributes`. */
const RESERVED = new Set([
  '@timestamp',
  '@level',
  '@message',
  '@log',
  '@logStream',
  '@ingestionTime',
  '@ptr',
  '@entity',
  'timestamp',
  'level',
  'message',
  'service',
  'version',
  'trace_id',
  'span_id',
  'tracking_id',
  'observed_timestamp',
  'severity_text',
  'severity_number',
  'trace_flags',
  'event_name',
  'dropped_attributes_count',
  'scope',
  'resource',
  'overflow',
  'truncated',
  LOG_FIELD.tenant,
]); // prettier-ignore

/** OTel semantic conventions § Exceptions on logs, as `error.*`, the names that queries use. */
const RENAMED: Readonly<Record<string, readonly string[]>> = {
  'exception.type': ['error', 'type'],
  'exception.message': ['error', 'message'],
  'exception.stacktrace': ['error', 'stack'],
};

/** Attributes that carry the tracking id, best first. */
const TRACKING_KEYS = [
  'tracking_id',
  'tracking.id',
  'trackingId',
  'x-tracking-id',
  'http.request.header.x-tracking-id',
  'baggage.tracking_id',
];
/** A W3C baggage header as an attribute. */
export const BAGGAGE_KEY = 'baggage';

const MAX_KEY_CHARS = 255;
const MAX_SEGMENTS = 8;

/** CloudWatch Logs Insights discovers at most 200 fields of an event; these shares add up to less. */
export const FIELD_BUDGET = { attributes: 120, resource: 50, scope: 10 } as const;

/** Where an attribute is written: the dotted name split into objects. */
export function pathOf(key: string): readonly string[] {
  const name = key.length > MAX_KEY_CHARS ? `${key.slice(0, MAX_KEY_CHARS)}…` : key;
  const renamed = Object.hasOwn(RENAMED, name) ? RENAMED[name] : undefined;
  if (renamed !== undefined) return renamed;
  const path = splitName(name);
  return RESERVED.has(path[0]!) ? ['attributes', ...path] : path;
}

/** `a.b.c` is nested; a name with an empty segment (`a..b`, `.a`) or of more than 8 stays whole. */
export function splitName(name: string): readonly string[] {
  if (!name.includes('.')) return [name];
  const segments = name.split('.');
  return segments.includes('') || segments.length > MAX_SEGMENTS ? [name] : segments;
}

/** The better the source of a tracking id, the lower; `undefined` for other attributes. */
export function trackingRank(key: string): number | undefined {
  const rank = TRACKING_KEYS.indexOf(key);
  return rank < 0 ? undefined : rank;
}

export function isLevelKey(key: string): boolean {
  return (
    key === 'level' || key === '@level' || key === 'log.level' || key === 'levelname' || key === 'severity'
  );
}

/** A field that holds seconds: `request.duration`. Texts such as `250ms` become 0.25. */
export function isDurationKey(key: string): boolean {
  return /(?:^|\.)duration$/.test(key);
}

const SCALED_DURATION = /^(.*duration)_(ms|millis|milliseconds|us|micros|microseconds|ns|nanos|nanoseconds)$/;

/** `request.duration_ms` → the sibling `request.duration` and how many of the unit make a second. */
export function scaledDurationOf(
  key: string,
): { readonly key: string; readonly perSecond: number } | undefined {
  const match = SCALED_DURATION.exec(key);
  if (match === null || !isDurationKey(match[1]!)) return undefined;
  return {
    key: match[1]!,
    perSecond:
      match[2]!.startsWith('m') && match[2] !== 'micros' && match[2] !== 'microseconds'
        ? 1e3
        : match[2]!.startsWith('n')
          ? 1e9
          : 1e6,
  };
}

/** Ids that source systems look for as plain `name=value` text: they are repeated behind the JSON. */
export function isTailKey(key: string): boolean {
  return /^[A-Za-z0-9_]+_id$/.test(key) && !RESERVED.has(key);
}

export const MAX_TAIL_FIELDS = 8;
