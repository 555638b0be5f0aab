/** Decodes attributes and values. What occurs twice merges as the protobuf specification says. */
import type { AnyValue, KeyValue } from './model.ts';
import { ProtoReader } from './proto-reader.ts';
import { MAX_NESTING } from './wire.ts';

export const EMPTY_VALUE: AnyValue = { type: 'empty' };

const KEY_VALUE_FIELDS = 0b110;
const LIST_FIELDS = 0b10;
const ANY_VALUE_FIELDS = 0b1111_1110;

/** Reads the KeyValue that comes next; `depth` is the number of AnyValues around it. */
export function decodeKeyValue(reader: ProtoReader, depth = 0): KeyValue {
  const outer = reader.enter();
  const entry = decodeEntry(reader, depth);
  reader.leave(outer);
  return entry;
}

/** Decodes the KeyValue message between `start` and `end`. */
export function decodeKeyValueAt(bytes: Uint8Array, start: number, end: number): KeyValue {
  return decodeEntry(new ProtoReader(bytes, start, end), 0);
}

function decodeEntry(reader: ProtoReader, depth: number): KeyValue {
  let key = '';
  let value = EMPTY_VALUE;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) key = reader.string();
    else if (tag === ((2 << 3) | 2)) value = decodeAnyValue(reader, value, depth + 1);
    else reader.skip(tag, KEY_VALUE_FIELDS);
  }
  return { key, value };
}

/**
 * Reads the AnyValue that comes next into `previous`, an earlier occurrence of the same field: lists grow in
 * place, since a list in many parts would otherwise cost the square of its length.
 */
export function decodeAnyValue(reader: ProtoReader, previous: AnyValue = EMPTY_VALUE, depth = 1): AnyValue {
  if (depth > MAX_NESTING) reader.fail(`attribute values nest deeper than ${MAX_NESTING} levels`);
  const outer = reader.enter();
  let value = previous;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case (1 << 3) | 2:
        value = { type: 'string', value: reader.string() };
        break;
      case 2 << 3:
        value = { type: 'bool', value: reader.bool() };
        break;
      case 3 << 3:
        value = { type: 'int', value: reader.int64() };
        break;
      case (4 << 3) | 1:
        value = { type: 'double', value: reader.double() };
        break;
      case (5 << 3) | 2: {
        const values = value.type === 'array' ? (value.values as AnyValue[]) : [];
        decodeList(reader, () => values.push(decodeAnyValue(reader, EMPTY_VALUE, depth + 1)));
        value = { type: 'array', values };
        break;
      }
      case (6 << 3) | 2: {
        const entries = value.type === 'kvlist' ? (value.entries as KeyValue[]) : [];
        decodeList(reader, () => entries.push(decodeKeyValue(reader, depth)));
        value = { type: 'kvlist', entries };
        break;
      }
      case (7 << 3) | 2:
        value = { type: 'bytes', value: reader.byteString() };
        break;
      default:
        reader.skip(tag, ANY_VALUE_FIELDS);
    }
  }
  reader.leave(outer);
  return value;
}

/** ArrayValue and KeyValueList: both have their elements in field 1. */
function decodeList(reader: ProtoReader, decodeElement: () => void): void {
  const outer = reader.enter();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | 2)) decodeElement();
    else reader.skip(tag, LIST_FIELDS);
  }
  reader.leave(outer);
}
