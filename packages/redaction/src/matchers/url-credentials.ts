/** `user:password@` in URLs and connection strings: the part of the authority before its last `@` (RFC 3986 § 3.2.1). */
import { isBlank } from '../characters.ts';
import { type Match, type Matcher, REDACTED } from '../matcher.ts';

/** What ends an authority, in URLs and in the texts around them. */
const ENDS = '/?#"\'<>\\`|{}';

export const urlCredentialsMatcher: Matcher = {
  anchors: ':',
  onIds: true,
  find(text, at): Match | undefined {
    if (text[at + 1] !== '/' || text[at + 2] !== '/') return undefined;
    const start = at + 3;
    let last = -1;
    for (let i = start; i < text.length && !ENDS.includes(text[i]!) && !isBlank(text, i); i++) {
      if (text[i] === '@') last = i;
    }
    if (last <= start || text.slice(start, last) === REDACTED) return undefined;
    return { start, end: last, replacement: REDACTED };
  },
};
