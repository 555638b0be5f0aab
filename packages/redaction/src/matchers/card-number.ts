/**
 * Payment card numbers: the length and leading digits of a known network, a valid Luhn check digit (ISO/IEC 7812),
 * written without gaps or in the groups that are printed on cards. Times, counters and most ids fail at one of
 * these; a number that is called an id (`order_id=…`) is left alone even if it passes.
 */
import { CLASS, isIn } from '../characters.ts';
import type { Match, Matcher } from '../matcher.ts';

const MAX_GROUPS = 5;

export const cardMatcher: Matcher = {
  anchors: '23456',
  onIds: false,
  find(text, at, from): Match | undefined {
    if (at > from && isInside(text, at, from)) return undefined;
    const read = readNumber(text, at);
    if (read === undefined) return undefined;
    const { digits, end } = read;
    if (!isCardNetwork(digits) || !isLuhn(digits) || isCalledId(text, at, from)) return undefined;
    return { start: at, end, replacement: '[redacted:card]' };
  },
};

/** Whether what stands before makes it a part of something longer: a word, a decimal number, a UUID. */
function isInside(text: string, at: number, from: number): boolean {
  if (isIn(text, at - 1, CLASS.word)) return true;
  if (at - 1 <= from) return false;
  if (text[at - 1] === '.') return isIn(text, at - 2, CLASS.digit);
  return text[at - 1] === '-' && isIn(text, at - 2, CLASS.word);
}

/** Digits without gaps, or in groups of 4-4-4-4(-3), 4-6-5 or 4-6-4 with one separator throughout. */
function readNumber(text: string, at: number): { readonly digits: string; readonly end: number } | undefined {
  let end = digitsEnd(text, at, 20);
  let digits = text.slice(at, end);
  const separator = text[end];
  if (digits.length === 4 && (separator === ' ' || separator === '-')) {
    const sizes = [4];
    while (sizes.length < MAX_GROUPS && text[end] === separator && isIn(text, end + 1, CLASS.digit)) {
      const groupEnd = digitsEnd(text, end + 1, 7);
      const size = groupEnd - end - 1;
      if (!isNextGroup(sizes, size)) break;
      digits += text.slice(end + 1, groupEnd);
      sizes.push(size);
      end = groupEnd;
    }
    // With dashes, a longer row of groups is something else.
    if (separator === '-' && text[end] === '-' && isIn(text, end + 1, CLASS.alnum)) return undefined;
  }
  if (digits.length < 13 || digits.length > 19) return undefined;
  if (isIn(text, end, CLASS.word) || (text[end] === '-' && isIn(text, end + 1, CLASS.word))) return undefined;
  if (text[end] === '.' && isIn(text, end + 1, CLASS.digit)) return undefined;
  return { digits, end };
}

function isNextGroup(sizes: readonly number[], size: number): boolean {
  if (sizes.length === 1) return size === 4 || size === 6;
  if (sizes[1] === 6) return sizes.length === 2 && (size === 5 || size === 4);
  return sizes.length === 4 ? size === 3 : size === 4;
}

function digitsEnd(text: string, at: number, max: number): number {
  let end = at;
  while (end - at < max && isIn(text, end, CLASS.digit)) end += 1;
  return end;
}

/** Issuer identification numbers by network, with the lengths that each of them issues. */
function isCardNetwork(digits: string): boolean {
  const { length } = digits;
  const two = Number(digits.slice(0, 2));
  const four = Number(digits.slice(0, 4));
  if (digits[0] === '4') return length === 13 || length === 16 || length === 19; // Visa
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16; // Mastercard
  if (two === 34 || two === 37) return length === 15; // American Express
  if (two === 36 || two === 38 || two === 39 || (four >= 3000 && four <= 3059))
    return length >= 14 && length <= 19; // Diners Club
  if (four === 6011 || two === 64 || two === 65) return length >= 16; // Discover
  if (four >= 3528 && four <= 3589) return length >= 16; // JCB
  if (two === 62 || two === 60) return length >= 16; // UnionPay, RuPay
  return two === 50 || (two >= 56 && two <= 69); // Maestro
}

export function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    const twice = digit * 2;
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** Whether the name right before says that this is an id: `order_id=`, `"id": "`, `requestId:`, `id `. */
function isCalledId(text: string, at: number, from: number): boolean {
  let i = at - 1;
  while (i >= from && at - i < 6 && ' "\'=:#\\'.includes(text[i]!)) i -= 1;
  if (i === at - 1 || i < Math.max(from, 1)) return false;
  const end = text.slice(i - 1, i + 1);
  if (end === 'id') return !isIn(text, i - 2, CLASS.alnum);
  return end === 'Id' || end === 'ID';
}
