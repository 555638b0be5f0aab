/** E-mail addresses: a local part of at most 64 characters, a domain with a dot and a top level of letters. */
import { CLASS, isIn } from '../characters.ts';
import type { Match, Matcher } from '../matcher.ts';

/** RFC 5321 § 4.5.3.1. */
const MAX_LOCAL_CHARS = 64;
const MAX_DOMAIN_CHARS = 255;
/** Allowed by the RFC inside, but around an address they belong to the text. */
const EDGES = ".!#$%&'*/=?^`{|}~-";

export function createEmailMatcher(replacementOf: (address: string) => string): Matcher {
  return {
    anchors: '@',
    onIds: false,
    find(text, at, from): Match | undefined {
      const least = Math.max(from, at - MAX_LOCAL_CHARS);
      let start = at;
      while (start > least && isIn(text, start - 1, CLASS.emailLocal)) start -= 1;
      // What stands before the last of these is a key or another word: `to=a@b.example`.
      for (let i = at - 1; i >= start; i--) {
        if ("=/?&'`{|".includes(text[i]!)) {
          start = i + 1;
          break;
        }
      }
      while (start < at && EDGES.includes(text[start]!)) start += 1;
      const end = domainEnd(text, at + 1);
      if (start === at || end < 0) return undefined;
      return { start, end, replacement: replacementOf(text.slice(start, end)) };
    },
  };
}

/** The end of the domain at `at`; -1 when there is none. */
function domainEnd(text: string, at: number): number {
  let end = at;
  let lastDot = -1;
  while (end - at <= MAX_DOMAIN_CHARS) {
    if (isIn(text, end, CLASS.alnum) || text[end] === '-') end += 1;
    else if (text[end] === '.' && end > at && isIn(text, end + 1, CLASS.alnum)) {
      lastDot = end;
      end += 1;
    } else break;
  }
  while (end > at && text[end - 1] === '-') end -= 1;
  if (lastDot < 0 || end - lastDot < 3) return -1;
  for (let i = lastDot + 1; i < end; i++) if (isIn(text, i, CLASS.digit)) return -1;
  return end;
}
