/** JSON Web Tokens in compact form (RFC 7515 § 3.1): two JSON objects and a signature in base64url, with dots between. */
import { CLASS, isIn, isStart, runEnd } from '../characters.ts';
import type { Match, Matcher } from '../matcher.ts';

/** `{"` in base64url, for any third character. */
const OBJECT = 'eyJ';
const MIN_PART_CHARS = 10;

export const jwtMatcher: Matcher = {
  anchors: 'e',
  onIds: true,
  find(text, at, from): Match | undefined {
    if (!text.startsWith(OBJECT, at) || !isStart(text, at, { bit: CLASS.base64url, from })) return undefined;
    const header = runEnd(text, at, CLASS.base64url);
    if (header - at < MIN_PART_CHARS || text[header] !== '.') return undefined;
    const payload = runEnd(text, header + 1, CLASS.base64url);
    // An encrypted token (RFC 7516) has an empty second part when its key is agreed upon, and five in all.
    let end = payload;
    let parts = 2;
    while (text[end] === '.' && isIn(text, end + 1, CLASS.base64url) && parts < 5) {
      end = runEnd(text, end + 1, CLASS.base64url);
      parts += 1;
    }
    if (payload - header - 1 < MIN_PART_CHARS && parts < 5) return undefined;
    return { start: at, end, replacement: '[redacted:jwt]' };
  },
};
