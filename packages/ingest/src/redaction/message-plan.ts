/**
 * Which fields of an OTLP request lead to text that a person or a program wrote: attributes, log bodies, span
 * names and status messages. Made from the schema once per signal; every other field is copied unseen.
 */
import type { Signal } from '@sluice/core/names';
import { type MessageSchema, REQUEST_SCHEMA } from '@sluice/otlp/schema';

/** `text`: a string; `pair`: a KeyValue; `value`: an AnyValue; else the message to descend into. */
export type FieldPlan = 'text' | 'pair' | 'value' | MessagePlan;
/** By field number. */
export type MessagePlan = ReadonlyMap<number, FieldPlan>;

/** Plain strings that hold free text: URLs in span names, the words of an exception in a status. */
const TEXTS: ReadonlySet<string> = new Set(['Span.name', 'Status.message']);

export function planOf(signal: Signal): MessagePlan {
  return plan(REQUEST_SCHEMA[signal]);
}

function plan({ name, fields }: MessageSchema): MessagePlan {
  const result = new Map<number, FieldPlan>();
  for (const field of fields) {
    if (field.message === undefined) {
      if (TEXTS.has(`${name}.${field.name}`)) result.set(field.number, 'text');
    } else if (field.message.name === 'KeyValue') {
      result.set(field.number, 'pair');
    } else if (field.message.name === 'AnyValue') {
      result.set(field.number, 'value');
    } else {
      const inner = plan(field.message);
      if (inner.size > 0) result.set(field.number, inner);
    }
  }
  return result;
}
