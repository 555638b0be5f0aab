/**
 * The table-driven part of the wire walker: checks a message of which only the form matters, by the
 * schema. Messages with rules of their own (spans, records, points) have a walker of their own.
 */
import { checkKeyValue } from './check-values.ts';
import type { FieldSchema, MessageName, MessageSchema } from './schema.ts';
import { SCHEMA } from './schema.ts';
import { WIRE } from './wire.ts';
import { checkText, cursor, enter, readTag, skipFixed, skipUnknown, skipVarint } from './wire-check.ts';

const ACTION = {
  unknown: 0,
  varint: 1,
  fixed64: 2,
  fixed32: 3,
  text: 4,
  bytes: 5,
  keyValue: 6,
  /** And above: the child shape of that place. */
  child: 16,
} as const;

/** Every tag of the schema fits one byte, or two for field numbers from 16. */
const TAGS = 256;

export interface Shape {
  /** Action by tag. */
  readonly actions: Uint8Array;
  readonly children: readonly Shape[];
  /** One bit for each field number below 31. */
  readonly known: number;
}

const shapes = new Map<MessageSchema, Shape>();

export function shapeOf(name: MessageName): Shape {
  return compileShape(SCHEMA[name]);
}

export function checkFields(bytes: Uint8Array, from: number, end: number, shape: Shape): void {
  let at = from;
  while (at < end) {
    const tag = readTag(bytes, at, end);
    at = cursor;
    const action = tag < TAGS ? shape.actions[tag]! : ACTION.unknown;
    switch (action) {
      case ACTION.unknown:
        at = skipUnknown(bytes, at, end, tag, shape.known);
        break;
      case ACTION.varint:
        at = skipVarint(bytes, at, end);
        break;
      case ACTION.fixed64:
        at = skipFixed(at, end, 8);
        break;
      case ACTION.fixed32:
        at = skipFixed(at, end, 4);
        break;
      default: {
        const stop = enter(bytes, at, end);
        checkContent(bytes, cursor, stop, action, shape);
        at = stop;
      }
    }
  }
}

function checkContent(bytes: Uint8Array, at: number, stop: number, action: number, shape: Shape): void {
  if (action === ACTION.text) checkText(bytes, at, stop);
  else if (action === ACTION.keyValue) checkKeyValue(bytes, at, stop, 0);
  else if (action >= ACTION.child) checkFields(bytes, at, stop, shape.children[action - ACTION.child]!);
}

function compileShape(message: MessageSchema): Shape {
  const existing = shapes.get(message);
  if (existing !== undefined) return existing;
  const actions = new Uint8Array(TAGS);
  const children: Shape[] = [];
  let known = 0;
  const shape = { actions, children, known };
  shapes.set(message, shape);
  for (const field of message.fields) {
    known |= 1 << field.number;
    const action = actionOf(field);
    if (action !== ACTION.child) actions[tagOf(field.number, wireTypeOf(action))] = action;
    else {
      actions[tagOf(field.number, WIRE.bytes)] = ACTION.child + children.length;
      children.push(compileShape(field.message!));
    }
  }
  shape.known = known;
  return shape;
}

function actionOf(field: FieldSchema): number {
  switch (field.type) {
    case 'message':
      return field.message === SCHEMA.KeyValue ? ACTION.keyValue : ACTION.child;
    case 'string':
      return ACTION.text;
    case 'bytes':
    case 'id':
      return ACTION.bytes;
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return ACTION.fixed64;
    case 'fixed32':
      return ACTION.fixed32;
    default:
      return ACTION.varint;
  }
}

function wireTypeOf(action: number): number {
  if (action === ACTION.varint) return WIRE.varint;
  if (action === ACTION.fixed64) return WIRE.fixed64;
  return action === ACTION.fixed32 ? WIRE.fixed32 : WIRE.bytes;
}

function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}
