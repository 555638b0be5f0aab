/**
 * Attribute maps, texts and values into the same without secrets and personal data. Everything that has no
 * secret comes back as the same object, so that callers can tell that nothing changed.
 */
import { UsageError } from '@sluice/core/errors';
import { rewriteJson } from './json-text.ts';
import { createKeyRules, type KeyRule, SENSITIVE_KEYS } from './key-rules.ts';
import { MATCHER_NAMES, type Matcher, type MatcherName, REDACTED } from './matcher.ts';
import { authorizationMatcher } from './matchers/authorization-scheme.ts';
import { cardMatcher } from './matchers/card-number.ts';
import { createEmailMatcher } from './matchers/email.ts';
import { ipMatcher } from './matchers/ip-address.ts';
import { jwtMatcher } from './matchers/jwt.ts';
import { createKeyValueMatcher } from './matchers/key-value.ts';
import { createTokenMatcher } from './matchers/prefixed-token.ts';
import { privateKeyMatcher } from './matchers/private-key.ts';
import { urlCredentialsMatcher } from './matchers/url-credentials.ts';
import { createPseudonymizer } from './pseudonym.ts';
import { needsSecret, type RedactionSettings } from './settings.ts';
import { createTextRedactor } from './text-redactor.ts';

/** Plain data as JSON has it, with the numbers of OTLP. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

export interface Redactor {
  /** Values by their names and contents; attributes that may not stay are left out. */
  attributes<T extends Readonly<Record<string, Value>>>(attributes: T): Readonly<Record<string, Value>>;
  /** A text, e.g. a log line; one that is JSON is gone through member by member. */
  text(text: string): string;
  /** A value that is held under `key`, if it has a name. */
  value(value: Value, key?: string): Value;
  /** What is to be done with an attribute of this name. */
  ruleOf(key: string): KeyRule;
  /** A string value under a rule: what `value` does with each string inside. */
  string(text: string, rule: KeyRule): string;
  /** A number under a rule: `undefined` when it may stay. */
  number(text: string, rule: KeyRule): string | undefined;
  /** How often each rule has struck since the start: names of matchers, and `deny`, `hash`, `drop`. */
  report(): Readonly<Record<string, number>>;
}

export interface RedactorOptions {
  /** For pseudonyms: required when the settings ask for any. */
  readonly secret?: string;
}

const MAX_DEPTH = 64;
const TOO_DEEP = '[redacted:too-deep]';

/** @throws UsageError when pseudonyms are asked for without a secret. */
export function createRedactor(
  settings: Omit<RedactionSettings, 'enabled' | 'signals'>,
  { secret }: RedactorOptions = {},
): Redactor {
  if (needsSecret(settings) && (secret === undefined || secret === '')) {
    throw new UsageError('redaction by hash needs a secret: set SLUICE_REDACTION_SECRET');
  }
  const pseudonym = createPseudonymizer(secret ?? '');
  const counts = new Map<string, number>();
  const count = (rule: string): void => void counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const { builtinKeys, deny, patterns } = settings;
  const rules = createKeyRules({ ...settings, deny: builtinKeys ? [...SENSITIVE_KEYS, ...deny] : deny });

  const matchers: Readonly<Record<MatcherName, Matcher>> = {
    'private-key': privateKeyMatcher,
    'url-credentials': urlCredentialsMatcher,
    'key-value': createKeyValueMatcher(rules),
    authorization: authorizationMatcher,
    jwt: jwtMatcher,
    token: createTokenMatcher(settings.tokens),
    card: cardMatcher,
    email: createEmailMatcher((address) =>
      patterns.email === 'hash' ? pseudonym(address.toLowerCase()) : '[redacted:email]',
    ),
    ip: ipMatcher,
  };
  const active = MATCHER_NAMES.filter((name) => patterns[name] !== 'off').map((name) => ({
    name,
    matcher: matchers[name],
  }));
  const scan = createTextRedactor(active, { onFound: count });
  const scanId = createTextRedactor(
    active.filter(({ matcher }) => matcher.onIds),
    { onFound: count },
  );

  const scanText = (text: string): string => {
    const first = text.charCodeAt(0);
    if (first === 0x7b || first === 0x5b) {
      const rewritten = rewriteJson(text, { replace: replaceJson });
      if (rewritten !== undefined) return rewritten;
    }
    return scan(text);
  };

  const string = (text: string, rule: KeyRule): string => {
    switch (rule) {
      case 'ignore':
        return text;
      case 'deny':
        if (text === REDACTED || text === '') return text;
        count('deny');
        return REDACTED;
      case 'hash': {
        const hashed = text === '' ? text : pseudonym(text);
        if (hashed !== text) count('hash');
        return hashed;
      }
      case 'drop':
        count('drop');
        return '';
      case 'id':
        return scanId(text);
      case 'scan':
        return scanText(text);
    }
  };
  const number = (text: string, rule: KeyRule): string | undefined => {
    if (rule === 'deny' || rule === 'hash') return string(text, rule);
    // A number of 13 digits or more may be that of a card.
    if (rule !== 'scan' || text.length < 13) return undefined;
    const scanned = scan(text);
    return scanned === text ? undefined : scanned;
  };

  /** The rule for what is inside a value that has a rule: names inside may only make it stricter. */
  const inner = (outer: KeyRule, key: string): KeyRule =>
    outer === 'ignore' || outer === 'deny' || outer === 'hash' ? outer : nested(rules.ruleOf(key));

  const replaceJson = ({ key, raw }: { readonly key: string | undefined; readonly raw: string }) => {
    const rule = key === undefined ? 'scan' : nested(rules.ruleOf(key));
    if (raw[0] === '"') {
      const text = parseJsonString(raw);
      if (text === undefined) return undefined;
      const clean = string(text, rule);
      return clean === text ? undefined : JSON.stringify(clean);
    }
    if (raw === 'true' || raw === 'false' || raw === 'null') return undefined;
    const clean = number(raw, rule);
    return clean === undefined ? undefined : JSON.stringify(clean);
  };

  const visit = (value: Value, rule: KeyRule, depth: number): Value => {
    if (typeof value === 'string') return string(value, rule);
    if (typeof value === 'number' || typeof value === 'bigint') return number(String(value), rule) ?? value;
    if (typeof value !== 'object' || value === null || rule === 'ignore') return value;
    if (value instanceof Uint8Array) return rule === 'deny' || rule === 'hash' ? REDACTED : value;
    if (depth >= MAX_DEPTH) return TOO_DEEP;
    if (Array.isArray(value)) {
      const items = (value as readonly Value[]).map((item) => visit(item, rule, depth + 1));
      return items.every((item, i) => Object.is(item, value[i])) ? value : items;
    }
    return visitMembers(value as Readonly<Record<string, Value>>, (key) => inner(rule, key), depth + 1);
  };

  const visitMembers = (
    members: Readonly<Record<string, Value>>,
    ruleOf: (key: string) => KeyRule,
    depth: number,
  ): Readonly<Record<string, Value>> => {
    let isChanged = false;
    const result: [string, Value][] = [];
    for (const [key, value] of Object.entries(members)) {
      const rule = ruleOf(key);
      if (rule === 'drop') {
        count('drop');
        isChanged = true;
        continue;
      }
      const clean = visit(value, rule, depth);
      if (!Object.is(clean, value)) isChanged = true;
      result.push([key, clean]);
    }
    return isChanged ? Object.fromEntries(result) : members;
  };

  return {
    attributes: (attributes) => visitMembers(attributes, rules.ruleOf, 0),
    text: scanText,
    value: (value, key) => visit(value, key === undefined ? 'scan' : rules.ruleOf(key), 0),
    ruleOf: rules.ruleOf,
    string,
    number,
    report: () => Object.fromEntries(counts),
  };
}

/** The list of names that may stay is one of attributes: what is inside of them stays with them. */
function nested(rule: KeyRule): KeyRule {
  return rule === 'drop' ? 'scan' : rule;
}

function parseJsonString(raw: string): string | undefined {
  try {
    return JSON.parse(raw) as string;
  } catch {
    return undefined;
  }
}
