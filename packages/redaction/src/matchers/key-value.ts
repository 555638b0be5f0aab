/**
 * Secrets by the name before them in a text: `password=…`, `"api_key": "…"`, `Authorization: …`, `?sig=…`,
 * `--token …`. Which names these are is the same list as for attributes.
 */
import { CLASS, isBlank, isIn, runEnd } from '../characters.ts';
import type { KeyRules } from '../key-rules.ts';
import { type Match, type Matcher, REDACTED } from '../matcher.ts';

const MAX_KEY_CHARS = 64;
const MAX_GAP_CHARS = 3;
/** Values that hide nothing, or nothing any more. */
const HARMLESS = new Set(['', 'null', 'none', 'nil', 'undefined', 'true', 'false', '""', "''", '{}', '[]']);
const VALUE_ENDS = ',;&"\'`<>)]}|';
const SCHEMES = new Set(['bearer', 'basic', 'token', 'negotiate', 'apikey']);
/** Schemes whose credentials are a list of parameters up to the end of the line. */
const LIST_SCHEMES = new Set(['digest', 'aws4-hmac-sha256', 'signature', 'oauth', 'hawk']);

export function createKeyValueMatcher(rules: KeyRules): Matcher {
  return {
    anchors: '=:-',
    onIds: false,
    find(text, at, from): Match | undefined {
      if (text[at] === '-') return findOption(text, at, rules);
      const key = keyBefore(text, at, from);
      if (key === undefined) return undefined;
      const isParameter = text[at] === '=' && key.end === at && '?&;'.includes(text[key.start - 1] ?? ' ');
      const name = text.slice(key.start, key.end);
      if (!(isParameter ? rules.isSecretParameter(name) : rules.ruleOf(name) === 'deny')) return undefined;
      let start = at + 1;
      while (text[start] === '=' || text[start] === '>') start += 1;
      const gapEnd = start + MAX_GAP_CHARS;
      while (start < gapEnd && (text[start] === ' ' || text[start] === '\t')) start += 1;
      return valueAt(text, start, { name, isParameter });
    },
  };
}

/** The name before `=` or `:`, with quotes (also escaped ones) and a little space in between. */
function keyBefore(
  text: string,
  at: number,
  from: number,
): { readonly start: number; readonly end: number } | undefined {
  const least = Math.max(from, at - MAX_KEY_CHARS - MAX_GAP_CHARS);
  let end = at;
  while (end > least && at - end < MAX_GAP_CHARS && ' "\'\\'.includes(text[end - 1]!)) end -= 1;
  let start = end;
  while (start > least && isIn(text, start - 1, CLASS.key)) start -= 1;
  // `\npassword=`: the letter of an escape is no part of the name.
  if (start > 0 && text[start - 1] === '\\' && 'nrt'.includes(text[start] ?? ' ')) start += 1;
  while (start < end && (text[start] === '-' || text[start] === '.')) start += 1;
  return start === end ? undefined : { start, end };
}

/** `--password hunter2` */
function findOption(text: string, at: number, rules: KeyRules): Match | undefined {
  if (text[at + 1] !== '-' || !isIn(text, at + 2, CLASS.alnum)) return undefined;
  if (at > 0 && !isBlank(text, at - 1) && !'"\'`'.includes(text[at - 1]!)) return undefined;
  const end = runEnd(text, at + 2, CLASS.key);
  if (text[end] !== ' ' || text[end + 1] === '-' || end - at > MAX_KEY_CHARS) return undefined;
  const name = text.slice(at + 2, end);
  return rules.ruleOf(name) === 'deny' ? valueAt(text, end + 1, { name, isParameter: false }) : undefined;
}

interface Named {
  readonly name: string;
  readonly isParameter: boolean;
}

function valueAt(text: string, at: number, { name, isParameter }: Named): Match | undefined {
  const quote = quoteAt(text, at);
  const start = at + quote.length;
  const end = isParameter
    ? parameterEnd(text, start)
    : quote === ''
      ? bareEnd(text, start, name)
      : quotedEnd(text, start, quote);
  if (end - start <= 12) {
    const value = text.slice(start, end);
    if (HARMLESS.has(value.toLowerCase()) || value === REDACTED || isStars(value)) return undefined;
  }
  // What an earlier pass has left.
  if (text.startsWith('[redacted', start) && text[end - 1] !== undefined && isMark(text, start, end))
    return undefined;
  return { start, end, replacement: REDACTED };
}

function quoteAt(text: string, at: number): string {
  if (text[at] === '"' || text[at] === "'") return text[at]!;
  return text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === "'") ? text.slice(at, at + 2) : '';
}

/** The closing quote; the end of the text without one. */
function quotedEnd(text: string, start: number, quote: string): number {
  if (quote.length === 2) {
    // Text inside a text: its quotes are escaped once, the quotes inside it more than once.
    for (let i = start; i < text.length; i++) {
      if (text[i] === quote[1]) return i;
      if (text[i] !== '\\') continue;
      if (text[i + 1] === quote[1]) return i;
      i += 1;
      if (text[i] === '\\' && text[i + 1] === '\\') i += 2;
    }
    return text.length;
  }
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === quote) return i;
  }
  return text.length;
}

function bareEnd(text: string, start: number, name: string): number {
  const opening = text[start];
  if (opening === '{' || opening === '[') {
    return text.startsWith(REDACTED, start) ? start + REDACTED.length : bracketEnd(text, start);
  }
  const end = wordEnd(text, start);
  const lower = name.toLowerCase();
  if (lower.endsWith('cookie')) return text.slice(start, end).includes('=') ? lineEnd(text, start) : end;
  const scheme = end - start <= 20 ? text.slice(start, end).toLowerCase() : '';
  if (LIST_SCHEMES.has(scheme)) return lineEnd(text, start);
  return SCHEMES.has(scheme) && text[end] === ' ' ? wordEnd(text, end + 1) : end;
}

function wordEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !isBlank(text, end) && !VALUE_ENDS.includes(text[end]!)) {
    if (text[end] === '\\' && end + 1 < text.length && 'nrt"\''.includes(text[end + 1]!)) break;
    end += 1;
  }
  // A full stop ends the sentence, not the secret.
  return end > start + 1 && text[end - 1] === '.' && (end === text.length || isBlank(text, end))
    ? end - 1
    : end;
}

/** A fragment ends a query (RFC 3986 § 3.4). */
function parameterEnd(text: string, start: number): number {
  const end = wordEnd(text, start);
  const fragment = text.slice(start, end).indexOf('#');
  return fragment < 0 ? end : start + fragment;
}

function lineEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && text[end] !== '\n' && text[end] !== '\r') {
    if (text[end] === '\\' && (text[end + 1] === 'n' || text[end + 1] === 'r')) break;
    end += 1;
  }
  return end;
}

/** Behind the bracket that closes the one at `start`, texts in between passed over; the end of the text without one. */
function bracketEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = quotedEnd(text, i + 1, '"');
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

function isStars(value: string): boolean {
  for (const character of value) if (character !== '*') return false;
  return true;
}

/** `[redacted]`, `[redacted:card]`: with the bracket that ends it, or right before it. */
function isMark(text: string, start: number, end: number): boolean {
  const close = text.indexOf(']', start);
  return close >= 0 && close <= end && close - start < 24;
}
