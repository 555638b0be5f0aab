/**
 * Parses JSON without losing what JSON.parse loses: whole numbers beyond 2^53 become bigint. Nesting is
 * capped before anything recursive sees the text, and a fault is told with its place.
 */
import { OtlpFormatError } from './format-error.ts';
import { describeJsonFault } from './json-fault.ts';

/** Far above what 100 levels of attribute values need (four brackets each). */
const MAX_BRACKETS = 1000;

/** A number of 16 digits or more outside a string, or nearly so: the shortest that a double may not hold exactly. */
const LONG_NUMBER = /[[:,\s]-?\d{16}/;

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** @throws OtlpFormatError when the bytes are not one JSON value in UTF-8. */
export function parseJsonText(bytes: Uint8Array): unknown {
  let text: string;
  try {
    // A byte-order mark is passed over, as RFC 8259 § 8.1 allows.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new OtlpFormatError('the JSON body is not valid UTF-8', { path: '$' }, { cause });
  }
  checkNesting(text);
  try {
    return LONG_NUMBER.test(text)
      ? JSON.parse(text, keepExact as Parameters<typeof JSON.parse>[1])
      : JSON.parse(text);
  } catch (cause) {
    throw new OtlpFormatError(
      `the body is not one JSON object: ${describeJsonFault(text)}`,
      { path: '$' },
      { cause },
    );
  }
}

const keepExact: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

function checkNesting(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_BRACKETS) {
        throw new OtlpFormatError(`the JSON body nests deeper than ${MAX_BRACKETS} levels`, { path: '$' });
      }
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
}
