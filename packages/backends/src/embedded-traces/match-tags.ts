/**
 * Whether a span has the tags that a search asks for: its attributes, its events' attributes and names,
 * its resource's attributes, and what Jaeger derives from the span's own fields.
 */
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { AnyValue } from '@sluice/otlp/model';
import { ProtoWriter } from '@sluice/otlp/proto-writer';
import { anyValueText } from '../any-value-text.ts';
import { FieldReader } from './field-reader.ts';
import { type Enclosing, headsOf, type ScannedSpan } from './scan-spans.ts';
import { toInt64, toNumber } from './span-filter.ts';

export interface SpanPlace {
  readonly span: ScannedSpan;
  readonly resource: Enclosing;
  readonly scope: Enclosing;
}

export type TagMatcher = (place: SpanPlace) => boolean;

/** Tags that are not attributes on the wire; a filter over attributes knows nothing of them. */
export const DERIVED_TAGS: ReadonlySet<string> = new Set([
  'span.kind',
  'error',
  'otel.status_code',
  'otel.status_description',
  'otel.scope.name',
  'otel.scope.version',
  'otel.library.name',
  'otel.library.version',
  'w3c.tracestate',
]);

const SPAN_KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_NAMES = ['', 'OK', 'ERROR'];

export function createTagMatcher(key: string, text: string): TagMatcher {
  const keyBytes = Buffer.from(key);
  const isDerived = DERIVED_TAGS.has(key);
  return ({ span, resource, scope }) => {
    if (isDerived && derivedText(key, span, scope) === text) return true;
    const { bytes } = span;
    const reader = new FieldReader(bytes);
    const { offsets, length } = span.attributes;
    for (let i = 0; i < length; i += 2) {
      if (holds(bytes, offsets[i]!, offsets[i + 1]!)) return true;
    }
    for (const [start, end] of headsOf(bytes, resource)) {
      reader.enter(start, end);
      while (reader.next()) if (reader.field === 1 && holds(bytes, reader.start, reader.stop)) return true;
    }
    for (let i = 0; i < span.events.length; i += 2) {
      reader.enter(span.events.offsets[i]!, span.events.offsets[i + 1]!);
      while (reader.next()) {
        if (reader.field === 3 && holds(bytes, reader.start, reader.stop)) return true;
        if (reader.field === 2 && key === 'event' && textAt(bytes, reader.start, reader.stop) === text)
          return true;
      }
    }
    return false;
  };

  function holds(bytes: Uint8Array, start: number, end: number): boolean {
    return hasKey(bytes, start, end, keyBytes) && matchesText(decodeValue(bytes.subarray(start, end)), text);
  }
}

export function matchesText(value: AnyValue, text: string): boolean {
  switch (value.type) {
    case 'int':
      return toInt64(text) === value.value;
    case 'double':
      return toNumber(text) === value.value || text === String(value.value);
    case 'bytes':
      return [anyValueText(value), Buffer.from(value.value).toString('hex')].includes(text);
    default:
      return anyValueText(value) === text;
  }
}

function derivedText(key: string, span: ScannedSpan, scope: Enclosing): string | undefined {
  switch (key) {
    case 'span.kind':
      return SPAN_KINDS[span.kind];
    case 'error':
      return span.statusCode === 2 ? 'true' : 'false';
    case 'otel.status_code':
      return STATUS_NAMES[span.statusCode];
    case 'otel.status_description':
      return textAt(span.bytes, span.statusMessageStart, span.statusMessageEnd);
    case 'w3c.tracestate':
      return textAt(span.bytes, span.traceStateStart, span.traceStateEnd);
    default:
      return scopeText(span.bytes, scope, key.endsWith('.name') ? 1 : 2);
  }
}

function scopeText(bytes: Uint8Array, scope: Enclosing, field: number): string {
  const reader = new FieldReader(bytes);
  let text = '';
  for (const [start, end] of headsOf(bytes, scope)) {
    reader.enter(start, end);
    while (reader.next()) if (reader.field === field) text = textAt(bytes, reader.start, reader.stop);
  }
  return text;
}

function hasKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  const reader = new FieldReader(bytes);
  reader.enter(start, end);
  while (reader.next()) {
    if (reader.field !== 1 || reader.stop - reader.start !== key.length) continue;
    let same = 0;
    while (same < key.length && bytes[reader.start + same] === key[same]) same++;
    if (same === key.length) return true;
  }
  return false;
}

/** Of a KeyValue message: decoded as the one attribute of the resource of an otherwise empty request. */
function decodeValue(keyValue: Uint8Array): AnyValue {
  const writer = new ProtoWriter(keyValue.length + 16);
  const resourceSpans = writer.begin(1);
  const resource = writer.begin(1);
  writer.bytes(1, keyValue);
  writer.end(resource);
  writer.end(resourceSpans);
  return decodeTraces(writer.view())[0]!.resource.attributes[0]!.value;
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}
