/**
 * IP addresses lose the part that names a single host: IPv4 keeps 24 bits, IPv6 keeps 48, so that networks and
 * regions can still be told apart.
 */
import { CLASS, isIn } from '../characters.ts';
import type { Match, Matcher } from '../matcher.ts';

const MAX_IPV6_CHARS = 45;

export const ipMatcher: Matcher = {
  anchors: '0123456789abcdefABCDEF:',
  onIds: false,
  find(text, at, from): Match | undefined {
    if (at > from && (isIn(text, at - 1, CLASS.word) || text[at - 1] === ':' || isDotted(text, at - 1)))
      return undefined;
    return findV4(text, at) ?? findV6(text, at);
  },
};

/** A dot that belongs to a number or a name, not to the end of a sentence. */
function isDotted(text: string, at: number): boolean {
  return text[at] === '.' && isIn(text, at - 1, CLASS.alnum);
}

function findV4(text: string, at: number): Match | undefined {
  let end = at;
  let lastDot = -1;
  for (let group = 0; group < 4; group++) {
    if (group > 0) {
      if (text[end] !== '.') return undefined;
      lastDot = end;
      end += 1;
    }
    const start = end;
    while (end - start < 3 && isIn(text, end, CLASS.digit)) end += 1;
    if (end === start || Number(text.slice(start, end)) > 255) return undefined;
  }
  if (isIn(text, end, CLASS.word) || (text[end] === '.' && isIn(text, end + 1, CLASS.digit)))
    return undefined;
  if (text.slice(lastDot + 1, end) === '0') return undefined;
  return { start: lastDot + 1, end, replacement: '0' };
}

function findV6(text: string, at: number): Match | undefined {
  let end = at;
  let colons = 0;
  while (end - at <= MAX_IPV6_CHARS && (isIn(text, end, CLASS.hex) || text[end] === ':')) {
    if (text[end] === ':') colons += 1;
    end += 1;
  }
  if (colons < 2 || end - at > MAX_IPV6_CHARS || isIn(text, end, CLASS.word)) return undefined;
  // A colon behind an address belongs to the text.
  if (text[end - 1] === ':' && text[end - 2] !== ':') end -= 1;
  // The IPv4 tail of ::ffff:192.0.2.1 is masked as what it is.
  const mapped = text.slice(at, end).toLowerCase();
  if (text[end] === '.' && mapped.startsWith('::ffff:')) {
    const tail = findV4(text, at + 7);
    return tail;
  }
  const groups = expand(mapped);
  if (groups === undefined) return undefined;
  const replacement = `${groups.slice(0, 3).join(':')}::`;
  return replacement === mapped || groups.every((group) => Number.parseInt(group, 16) === 0)
    ? undefined
    : { start: at, end, replacement };
}

/** The eight groups of an address (RFC 4291 § 2.2); `undefined` for a time, a MAC address and the like. */
function expand(text: string): readonly string[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = [...head!, ...(tail ?? [])];
  if (given.some((group) => group === '' || group.length > 4)) return undefined;
  if (tail === undefined) return given.length === 8 ? given : undefined;
  // `a::b` without any digit is more often a name of a program.
  if (given.length > 7 || !given.some((group) => isDigitIn(group))) return undefined;
  return [...head!, ...Array.from({ length: 8 - given.length }, () => '0'), ...tail];
}

function isDigitIn(group: string): boolean {
  for (let i = 0; i < group.length; i++) if (isIn(group, i, CLASS.digit)) return true;
  return false;
}
