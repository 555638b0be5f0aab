/**
 * Credentials behind the names of HTTP's authorization schemes, `Bearer …` (RFC 6750) and `Basic …` (RFC 7617),
 * wherever they stand. "Bearer of news" and "Basic authentication" are no credentials.
 */
import { CLASS, isBlank, isIn, isStart, runEnd } from '../characters.ts';
import { type Match, type Matcher, REDACTED } from '../matcher.ts';

const MIN_CHARS = 8;
/** A token of one case without digits is taken for a word up to this length. */
const MAX_WORD_CHARS = 24;

export const authorizationMatcher: Matcher = {
  anchors: 'bB',
  onIds: false,
  find(text, at, from): Match | undefined {
    if (!isStart(text, at, { bit: CLASS.word, from })) return undefined;
    const isBearer = isWord(text, at, 'bearer');
    if (!isBearer && !isWord(text, at, 'basic')) return undefined;
    let start = at + (isBearer ? 6 : 5);
    if (!isBlank(text, start)) return undefined;
    while (isBlank(text, start) && start < at + 10) start += 1;
    const end = runEnd(text, start, CLASS.b64token);
    const token = text.slice(start, end);
    if (token.length < MIN_CHARS || !(isBearer ? isToken(token) : isUserAndPassword(token))) return undefined;
    return { start, end, replacement: REDACTED };
  },
};

function isWord(text: string, at: number, word: string): boolean {
  return text.slice(at, at + word.length).toLowerCase() === word;
}

function isToken(text: string): boolean {
  if (text.length > MAX_WORD_CHARS) return true;
  for (let i = 0; i < text.length; i++) if (isIn(text, i, CLASS.digit)) return true;
  const inner = text.slice(1);
  return inner !== inner.toLowerCase() && inner !== inner.toUpperCase();
}

/** Base64 of `user:password`. */
function isUserAndPassword(text: string): boolean {
  return Buffer.from(text, 'base64').includes(0x3a) && text.length % 4 !== 1;
}
