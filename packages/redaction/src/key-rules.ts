/** What is to be done with an attribute, by its name alone. */
import { compileGlobs, normalizeKey } from './key-glob.ts';

/**
 * `ignore`: nothing is looked at. `deny`: the value goes. `hash`: it becomes a pseudonym. `drop`: the
 * attribute goes with its name. `id`: only what cannot be an id is looked for. `scan`: texts are looked through.
 */
export type KeyRule = 'ignore' | 'deny' | 'hash' | 'drop' | 'id' | 'scan';

export interface KeyLists {
  /** Values of these names are replaced. */
  readonly deny: readonly string[];
  /** When not empty: attributes of all other names are removed. What stays is still looked through. */
  readonly allow: readonly string[];
  /** Never touched, whatever else is said. */
  readonly ignore: readonly string[];
  /** Replaced by a pseudonym that is the same for the same value. */
  readonly hash: readonly string[];
}

/**
 * Names that carry credentials by the conventions of HTTP, OAuth 2.0, cloud SDKs and databases. `token` is
 * denied as a whole word only: `gen_ai.usage.input_tokens` counts, `aws.secretsmanager.secret.arn` names.
 */
export const SENSITIVE_KEYS: readonly string[] = [
  '*password',
  '*passwd',
  '*passphrase',
  '*passcode',
  'pwd',
  '*_pwd',
  '*.pwd',
  '*secret',
  '*secrets',
  '*secret_key',
  '*secret_value',
  '*secret_access_key',
  '*private_key',
  '*access_key',
  '*signing_key',
  '*encryption_key',
  '*api_key',
  '*apikey',
  'token',
  '*_token',
  '*.token',
  '*authtoken',
  'authorization',
  '*.authorization',
  '*_authorization',
  'cookie',
  '*.cookie',
  '*set_cookie',
  'credentials',
  '*.credentials',
  '*_credentials',
  'cvv',
  '*.cvv',
  'cvc',
  '*.cvc',
  'ssn',
  '*.ssn',
  '*_ssn',
];

/** Denied only as names of query parameters: elsewhere they mean other things. */
export const QUERY_KEYS: ReadonlySet<string> = new Set([
  'sig',
  'signature',
  'x_amz_signature',
  'x_amz_credential',
  'x_goog_signature',
  'x_goog_credential',
  'code_verifier',
  'client_assertion',
  'id_token_hint',
  'samlresponse',
]);

const ID_GLOBS = [
  'id',
  '*_id',
  '*.id',
  'ids',
  '*_ids',
  '*.ids',
  '*uuid',
  '*guid',
  '*traceid',
  '*spanid',
  '*requestid',
  '*trackingid',
  '*correlationid',
  'traceparent',
  '*.traceparent',
]; // prettier-ignore

const MAX_CACHED_KEYS = 10_000;
/** Longer names are decided by their end, which is where names say what they are. */
const MAX_KEY_CHARS = 512;

export interface KeyRules {
  ruleOf(key: string): KeyRule;
  /** Of a query parameter's name. */
  isSecretParameter(name: string): boolean;
}

/** @throws UsageError naming a glob that is none. */
export function createKeyRules({ deny, allow, ignore, hash }: KeyLists): KeyRules {
  const [isDenied, isAllowed, isIgnored, isHashed] = [deny, allow, ignore, hash].map(compileGlobs);
  const isId = compileGlobs(ID_GLOBS);
  const cache = new Map<string, KeyRule>();
  const decide = (key: string): KeyRule => {
    const normal = normalizeKey(key.length > MAX_KEY_CHARS ? key.slice(-MAX_KEY_CHARS) : key);
    if (isIgnored!(normal)) return 'ignore';
    if (isHashed!(normal)) return 'hash';
    if (isDenied!(normal)) return 'deny';
    if (allow.length > 0 && !isAllowed!(normal)) return 'drop';
    return isId(normal) ? 'id' : 'scan';
  };
  const ruleOf = (key: string): KeyRule => {
    let rule = cache.get(key);
    if (rule === undefined) {
      if (cache.size >= MAX_CACHED_KEYS) cache.clear();
      rule = decide(key);
      cache.set(key, rule);
    }
    return rule;
  };
  return {
    ruleOf,
    isSecretParameter: (name) => QUERY_KEYS.has(normalizeKey(name)) || ruleOf(name) === 'deny',
  };
}
