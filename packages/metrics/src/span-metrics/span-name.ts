/**
 * Span names as label values. Names should be few (OTLP: "low cardinality"), but many are not: what looks
 * like an id is replaced, and what is left over beyond a number of names per service is counted together.
 */

/** Stands for all names of a service beyond the limit. */
export const OVERFLOW_SPAN_NAME = '__overflow__';

const MAX_CHARS = 200;
/** Names of a service that count by themselves; an hour without use frees a place. */
const MAX_NAMES = 300;
const FORGET_AFTER_MS = 3_600_000;
const MAX_SERVICES = 10_000;

/** Longest first: a UUID holds runs of hex digits, which hold numbers. */
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
/** Digits and letters in one run, as in ULIDs, object ids and hashes. */
const LONG_ID = /(?<![\w.])(?=[\w-]*\d)[0-9a-z_-]{16,}(?![\w.])/gi;
const HEX = /(?<![\w.])(?=[0-9a-f]*\d)[0-9a-f]{8,}(?![\w.])/gi;
/** Not within a word: `v1`, `s3` and `GET /oauth2` say what they say. */
const NUMBER = /(?<![\w.])\d+(?![\w.])/g;
const QUERY = /\?\S*/g;

/** `GET /orders/123/items/9f86d081` -> `GET /orders/{id}/items/{id}`; at most 200 characters. */
export function toSpanNameLabel(name: string): string {
  if (name === '') return 'unknown';
  const short = name.length > MAX_CHARS * 2 ? name.slice(0, MAX_CHARS * 2) : name;
  const clean = /[\d?]/.test(short)
    ? short
        .replace(QUERY, '')
        .replace(UUID, '{id}')
        .replace(HEX, '{id}')
        .replace(LONG_ID, '{id}')
        .replace(NUMBER, '{id}')
    : short;
  return clean.slice(0, MAX_CHARS).toWellFormed();
}

export interface SpanNameLimit {
  /** The label to count a span under. `scope` tells tenants and services apart. */
  admit(scope: string, label: string, nowMs: number): string;
}

/** Remembers names in this process: it bounds what one process adds, the store's own limit bounds the whole. */
export function createSpanNameLimit({ maxNames = MAX_NAMES } = {}): SpanNameLimit {
  const scopes = new Map<string, Map<string, number>>();
  return {
    admit(scope, label, nowMs) {
      let names = scopes.get(scope);
      if (names === undefined) {
        if (scopes.size >= MAX_SERVICES) scopes.delete(scopes.keys().next().value!);
        names = new Map();
        scopes.set(scope, names);
      }
      if (!names.has(label) && names.size >= maxNames) {
        for (const [known, usedMs] of names) if (nowMs - usedMs > FORGET_AFTER_MS) names.delete(known);
        if (names.size >= maxNames) return OVERFLOW_SPAN_NAME;
      }
      names.set(label, nowMs);
      return label;
    },
  };
}
