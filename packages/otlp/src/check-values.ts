/** Walks attributes and values: where nearly all bytes of a request are. */

import { MAX_NESTING } from './wire.ts';
import { checkText, cursor, enter, fail, readTag, skipFixed, skipUnknown, skipVarint } from './wire-check.ts';

const KEY_VALUE_FIELDS = 0b110;
const LIST_FIELDS = 0b10;
const ANY_VALUE_FIELDS = 0b1111_1110;

/** `depth` is the number of AnyValues around this entry. */
export function checkKeyValue(bytes: Uint8Array, from: number, end: number, depth: number): void {
  let at = from;
  while (at < end) {
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = readTag(bytes, at - 1, end);
      at = cursor;
    }
    if (tag === ((1 << 3) | 2)) {
      const stop = enter(bytes, at, end);
      checkText(bytes, cursor, stop);
      at = stop;
    } else if (tag === ((2 << 3) | 2)) {
      const stop = enter(bytes, at, end);
      checkAnyValue(bytes, cursor, stop, depth + 1);
      at = stop;
    } else at = skipUnknown(bytes, at, end, tag, KEY_VALUE_FIELDS);
  }
}

/** `depth` counts this value and the AnyValues around it. */
export function checkAnyValue(bytes: Uint8Array, from: number, end: number, depth: number): void {
  if (depth > MAX_NESTING) fail(`attribute values nest deeper than ${MAX_NESTING} levels`, from);
  let at = from;
  while (at < end) {
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = readTag(bytes, at - 1, end);
      at = cursor;
    }
    switch (tag) {
      case (1 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkText(bytes, cursor, stop);
        at = stop;
        break;
      }
      case 2 << 3: // bool_value
      case 3 << 3: // int_value
        at = skipVarint(bytes, at, end);
        break;
      case (4 << 3) | 1:
        at = skipFixed(at, end, 8);
        break;
      case (5 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkList(bytes, cursor, stop, depth, false);
        at = stop;
        break;
      }
      case (6 << 3) | 2: {
        const stop = enter(bytes, at, end);
        checkList(bytes, cursor, stop, depth, true);
        at = stop;
        break;
      }
      case (7 << 3) | 2:
        at = enter(bytes, at, end);
        break;
      default:
        at = skipUnknown(bytes, at, end, tag, ANY_VALUE_FIELDS);
    }
  }
}

/** ArrayValue and KeyValueList: both have their elements in field 1. */
function checkList(bytes: Uint8Array, from: number, end: number, depth: number, entries: boolean): void {
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    if (tag !== ((1 << 3) | 2)) {
      at = skipUnknown(bytes, at, end, tag, LIST_FIELDS);
      continue;
    }
    const stop = enter(bytes, at, end);
    if (entries) checkKeyValue(bytes, cursor, stop, depth);
    else checkAnyValue(bytes, cursor, stop, depth + 1);
    at = stop;
  }
}
