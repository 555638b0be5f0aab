/**
 * What finds one kind of secret in a text. A matcher is asked only at its anchor characters, looks back and
 * ahead over runs that hold no further anchor of its own (or a fixed number of characters), and so costs
 * linear time over any text. Regular expressions that backtrack have no place here.
 */
export interface Match {
  /** Not before `from` of the call. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

export interface Matcher {
  /** Characters at which it is asked. */
  readonly anchors: string;
  /** Whether it also looks into ids: only those that no id can be taken for. */
  readonly onIds: boolean;
  /** What is found at the anchor `at`; characters before `from` are settled. */
  find(text: string, at: number, from: number): Match | undefined;
}

/** Kinds of secrets and personal data, as settings and reports name them. */
export const MATCHER_NAMES = [
  'private-key',
  'url-credentials',
  'key-value',
  'authorization',
  'jwt',
  'token',
  'card',
  'email',
  'ip',
] as const;
export type MatcherName = (typeof MATCHER_NAMES)[number];

export const REDACTED = '[redacted]';
