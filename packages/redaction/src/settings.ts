/** The settings of redaction, from the `redaction:` section of sluice.yml (already parsed) or its defaults. */
import { UsageError } from '@sluice/core/errors';
import { SIGNALS, type Signal } from '@sluice/core/names';
import { compileGlobs } from './key-glob.ts';
import type { KeyLists } from './key-rules.ts';
import { MATCHER_NAMES, type MatcherName } from './matcher.ts';
import type { TokenShape } from './matchers/prefixed-token.ts';

/** `hash` is for e-mail addresses: they become a pseudonym. */
export type MatcherMode = 'on' | 'off' | 'hash';

export interface RedactionSettings extends KeyLists {
  readonly enabled: boolean;
  readonly signals: readonly Signal[];
  readonly patterns: Readonly<Record<MatcherName, MatcherMode>>;
  /** Keys of one's own: what follows the prefix is a secret. */
  readonly tokens: readonly TokenShape[];
  /** Without the built-in list of names, only `deny` counts. */
  readonly builtinKeys: boolean;
}

/**
 * Credentials and card numbers are never wanted in telemetry, so they go without being asked for. Addresses
 * of people and machines are what many look for in their logs: they stay until someone decides otherwise.
 * Logs only: what people write by hand is where secrets leak, while instrumentations strip them from URLs
 * and record no headers unasked (OTel semantic conventions § HTTP), and a look through every span costs a
 * third of its ingest. Metrics are left alone, since a changed attribute would be another series.
 */
export const DEFAULT_REDACTION: RedactionSettings = {
  enabled: true,
  signals: ['logs'],
  patterns: {
    'private-key': 'on',
    'url-credentials': 'on',
    'key-value': 'on',
    authorization: 'on',
    jwt: 'on',
    token: 'on',
    card: 'on',
    email: 'off',
    ip: 'off',
  },
  deny: [],
  allow: [],
  ignore: [],
  hash: [],
  tokens: [],
  builtinKeys: true,
};

const FIELDS = [
  'enabled',
  'signals',
  'patterns',
  'deny',
  'allow',
  'ignore',
  'hash',
  'tokens',
  'builtin_keys',
];
const MIN_PREFIX_CHARS = 3;

/**
 * The section as plain data; absent means the defaults.
 * @throws UsageError naming the place, the value and what is allowed there.
 */
export function parseRedactionSettings(section: unknown, place = 'redaction'): RedactionSettings {
  if (section === undefined || section === null) return DEFAULT_REDACTION;
  const fields = asObject(section, place);
  for (const name of Object.keys(fields)) {
    if (!FIELDS.includes(name)) fail(`${place}.${name}`, name, `not a setting: use ${FIELDS.join(', ')}`);
  }
  const flag = (name: string, fallback: boolean): boolean => {
    const value = fields[name] ?? fallback;
    return typeof value === 'boolean' ? value : fail(`${place}.${name}`, value, 'neither true nor false');
  };
  const globs = (name: string): readonly string[] => {
    const list = asTexts(fields[name] ?? [], `${place}.${name}`);
    compileGlobs(list);
    return list;
  };
  return {
    enabled: flag('enabled', true),
    signals:
      fields.signals === undefined
        ? DEFAULT_REDACTION.signals
        : asTexts(fields.signals, `${place}.signals`).map((value) => {
            const signal = SIGNALS.find((known) => known === value);
            return signal ?? fail(`${place}.signals`, value, `not one of ${SIGNALS.join(', ')}`);
          }),
    patterns: parsePatterns(fields.patterns ?? {}, `${place}.patterns`),
    deny: globs('deny'),
    allow: globs('allow'),
    ignore: globs('ignore'),
    hash: globs('hash'),
    tokens: parseTokens(fields.tokens ?? [], `${place}.tokens`),
    builtinKeys: flag('builtin_keys', true),
  };
}

/** Whether a secret is needed for pseudonyms. */
export function needsSecret({ hash, patterns }: Pick<RedactionSettings, 'hash' | 'patterns'>): boolean {
  return hash.length > 0 || patterns.email === 'hash';
}

function parsePatterns(section: unknown, place: string): RedactionSettings['patterns'] {
  const patterns = { ...DEFAULT_REDACTION.patterns };
  for (const [name, value] of Object.entries(asObject(section, place))) {
    const known = MATCHER_NAMES.find((candidate) => candidate === name);
    if (known === undefined) return fail(`${place}.${name}`, name, `not one of ${MATCHER_NAMES.join(', ')}`);
    patterns[known] = parseMode(value, known, `${place}.${name}`);
  }
  return patterns;
}

/** YAML 1.1 readers make booleans of on and off. */
function parseMode(value: unknown, name: MatcherName, place: string): MatcherMode {
  if (value === 'on' || value === true) return 'on';
  if (value === 'off' || value === false) return 'off';
  if (value === 'hash' && name === 'email') return 'hash';
  return fail(place, value, name === 'email' ? 'not one of on, off, hash' : 'neither on nor off');
}

function parseTokens(section: unknown, place: string): readonly TokenShape[] {
  if (!Array.isArray(section)) return fail(place, section, 'not a list of {prefix, min_chars}');
  return section.map((entry: unknown, i) => {
    const { prefix, min_chars: minChars = 8, ...rest } = asObject(entry, `${place}[${i}]`);
    if (typeof prefix !== 'string' || prefix.length < MIN_PREFIX_CHARS) {
      return fail(`${place}[${i}].prefix`, prefix, `not a text of at least ${MIN_PREFIX_CHARS} characters`);
    }
    if (typeof minChars !== 'number' || !Number.isInteger(minChars) || minChars < 1) {
      return fail(`${place}[${i}].min_chars`, minChars, 'not a whole number from 1');
    }
    for (const name of Object.keys(rest))
      fail(`${place}[${i}].${name}`, name, 'neither prefix nor min_chars');
    return { prefix, minChars };
  });
}

function asObject(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  return fail(place, value, 'not a mapping');
}

function asTexts(value: unknown, place: string): readonly string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== '')) return value;
  return fail(place, value, 'not a list of names');
}

function fail(place: string, value: unknown, what: string): never {
  throw new UsageError(`${place}: ${JSON.stringify(value) ?? 'nothing'} is ${what}`);
}
