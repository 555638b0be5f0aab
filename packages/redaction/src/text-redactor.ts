/** Runs the matchers over a text, once from left to right: at each anchor the first that finds something wins. */
import type { Matcher, MatcherName } from './matcher.ts';

export interface NamedMatcher {
  readonly name: MatcherName;
  readonly matcher: Matcher;
}

export interface TextRedactorOptions {
  readonly onFound: (name: MatcherName) => void;
}

/** Answers the same string when nothing was found. */
export type TextRedactor = (text: string) => string;

const ASCII = 128;

export function createTextRedactor(
  matchers: readonly NamedMatcher[],
  { onFound }: TextRedactorOptions,
): TextRedactor {
  const byAnchor: (readonly NamedMatcher[] | undefined)[] = Array.from({ length: ASCII }, (_, code) => {
    const own = matchers.filter(({ matcher }) => matcher.anchors.includes(String.fromCharCode(code)));
    return own.length === 0 ? undefined : own;
  });

  return (text) => {
    let result = '';
    let from = 0;
    let at = 0;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      const asked = code < ASCII ? byAnchor[code] : undefined;
      if (asked !== undefined) {
        for (const { name, matcher } of asked) {
          const match = matcher.find(text, at, from);
          if (match === undefined) continue;
          onFound(name);
          result += text.slice(from, match.start) + match.replacement;
          from = match.end;
          // The character that was just seen is never seen again, even if nothing behind it was taken.
          at = Math.max(match.end, at + 1) - 1;
          break;
        }
      }
      at += 1;
    }
    return from === 0 ? text : result + text.slice(from);
  };
}
