/**
 * What all records of a resource share: the labels of its log stream, and its part of the JSON record as
 * bytes ready to copy.
 */
import {
  addAttribute,
  createLogRecordView,
  eachField,
  type LogRecordView,
  readValue,
  VALUE_KIND,
  type ValueView,
} from '@sluice/otlp/walk-logs';
import {
  appendAscii,
  appendByte,
  appendBytes,
  type ByteBuffer,
  createByteBuffer,
  writtenBytes,
} from './byte-buffer.ts';
import { appendAsText, appendJsonString, appendValue } from './json-text.ts';
import { FIELD_BUDGET } from './record-fields.ts';
import { createRecordLayout } from './record-layout.ts';

/** Labels of a log stream. Few and slow to change: every set of values is a stream of its own. */
export interface StreamLabels {
  readonly service: string;
  readonly job: string;
  readonly app: string;
  readonly namespace?: string;
  readonly environment?: string;
}

export interface ResourceContext {
  readonly labels: StreamLabels;
  /** `{app="…", …}`, names in order, as Loki's push API takes it. */
  readonly labelsText: string;
  /** `,"service":"…","version":"…"` */
  readonly head: Uint8Array;
  /** `,"resource":{…}` or nothing. */
  readonly block: Uint8Array;
}

/** Longest label value that Loki takes by default (limits_config.max_label_value_length). */
const MAX_LABEL_BYTES = 2048;
const MAX_VALUE_BYTES = 4096;
const UNKNOWN_SERVICE = 'unknown_service';

/** `ranges` are the occurrences of the Resource message, as `walkLogs` gives them. */
export function createResourceContext(bytes: Uint8Array, ranges: readonly number[]): ResourceContext {
  const view = readAttributes(bytes, ranges, 1);
  const texts = textAttributes(view);
  const service = texts.get('service.name') || UNKNOWN_SERVICE;
  const namespace = texts.get('service.namespace');
  const environment = texts.get('deployment.environment.name') ?? texts.get('deployment.environment');
  const labels: StreamLabels = {
    service: clip(service),
    job: clip(texts.get('job') || service),
    app: clip(texts.get('app') || namespace || service),
    ...(namespace ? { namespace: clip(namespace) } : {}),
    ...(environment ? { environment: clip(environment) } : {}),
  };

  const head = createByteBuffer();
  const version = texts.get('service.version');
  appendText(head, ',"service":', service);
  if (version !== undefined) appendText(head, ',"version":', version);

  const block = createByteBuffer();
  appendObject(
    block,
    ',"resource":{',
    withoutKeys(
      view,
      ['service.name', 'service.version'].filter((key) => texts.has(key)),
    ),
    FIELD_BUDGET.resource,
  );
  return {
    labels,
    labelsText: formatLabels({ ...labels }),
    head: writtenBytes(head).slice(),
    block: writtenBytes(block).slice(),
  };
}

/** `,"scope":{"name":…,"version":…,…}` or nothing. */
export function scopeBlock(bytes: Uint8Array, ranges: readonly number[]): Uint8Array {
  const out = createByteBuffer();
  let name = '';
  let version = '';
  for (let i = 0; i < ranges.length; i += 2) {
    eachField(bytes, ranges[i]!, ranges[i + 1]!, (field, start, end) => {
      if (field === 1) name = decode(bytes, start, end);
      if (field === 2) version = decode(bytes, start, end);
    });
  }
  const given = [...(name === '' ? [] : [['name', name]]), ...(version === '' ? [] : [['version', version]])];
  const view = withoutKeys(
    readAttributes(bytes, ranges, 3),
    given.map(([key]) => key!),
  );
  if (given.length === 0 && view.attributeCount === 0) return new Uint8Array(0);
  appendAscii(out, ',"scope":{');
  given.forEach(([key, value], i) => {
    appendText(out, `${i === 0 ? '' : ','}"${key}":`, value!);
  });
  if (given.length > 0 && view.attributeCount > 0) appendByte(out, 0x2c);
  appendObject(out, '', view, FIELD_BUDGET.scope);
  if (view.attributeCount === 0) appendByte(out, 0x7d);
  return writtenBytes(out).slice();
}

/** Label names in order, values quoted as Go does: `{app="a", service="b"}`. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `{${pairs.join(', ')}}`;
}

/** Appends the attributes as one object with its closing brace; nothing at all when there are none. */
function appendObject(out: ByteBuffer, opening: string, view: LogRecordView, maxFields: number): void {
  if (view.attributeCount === 0) return;
  const { bytes, attributes } = view;
  const keys = Array.from({ length: view.attributeCount }, (_, i) =>
    decode(bytes, attributes[i * 4]!, attributes[i * 4 + 1]!),
  );
  const layout = createRecordLayout(keys, { maxFields, isRecord: false });
  const members = createByteBuffer();
  const value = (attribute: number, target: ByteBuffer): void =>
    appendValue(target, bytes, attributes[attribute * 4 + 2]!, attributes[attribute * 4 + 3]!, {
      maxBytes: MAX_VALUE_BYTES,
    });
  layout.slots.forEach((slot, i) => {
    appendBytes(members, layout.literals[i]!);
    value(slot.attribute, members);
  });
  appendBytes(members, layout.literals.at(-1)!);
  if (layout.overflow.length > 0) {
    appendAscii(members, ',"overflow":');
    appendAsText(members, MAX_VALUE_BYTES, (text) => {
      layout.overflow.forEach(({ attribute, name }, i) => {
        appendByte(text, i === 0 ? 0x7b : 0x2c);
        appendBytes(text, name);
        value(attribute, text);
      });
      appendByte(text, 0x7d);
    });
  }
  appendAscii(out, opening);
  // Members are written with a comma before each.
  appendBytes(out, writtenBytes(members).subarray(1));
  appendByte(out, 0x7d);
}

function readAttributes(bytes: Uint8Array, ranges: readonly number[], attributeField: number): LogRecordView {
  const view = createLogRecordView();
  view.bytes = bytes;
  for (let i = 0; i < ranges.length; i += 2) {
    eachField(bytes, ranges[i]!, ranges[i + 1]!, (field, start, end) => {
      if (field === attributeField) addAttribute(view, start, end);
    });
  }
  return view;
}

function withoutKeys(view: LogRecordView, keys: readonly string[]): LogRecordView {
  const { attributes } = view;
  let kept = 0;
  for (let i = 0; i < view.attributeCount; i++) {
    if (keys.includes(decode(view.bytes, attributes[i * 4]!, attributes[i * 4 + 1]!))) continue;
    attributes.copyWithin(kept * 4, i * 4, i * 4 + 4);
    kept += 1;
  }
  view.attributeCount = kept;
  return view;
}

function textAttributes({ bytes, attributes, attributeCount }: LogRecordView): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const value: ValueView = { kind: 0, start: 0, end: 0 };
  for (let i = 0; i < attributeCount; i++) {
    if (attributes[i * 4 + 2]! < 0) continue;
    readValue(value, bytes, attributes[i * 4 + 2]!, attributes[i * 4 + 3]!);
    if (value.kind !== VALUE_KIND.string) continue;
    texts.set(
      decode(bytes, attributes[i * 4]!, attributes[i * 4 + 1]!),
      decode(bytes, value.start, value.end),
    );
  }
  return texts;
}

function appendText(out: ByteBuffer, prefix: string, text: string): void {
  appendAscii(out, prefix);
  const encoded = new TextEncoder().encode(text);
  appendJsonString(out, encoded, 0, encoded.length, MAX_VALUE_BYTES);
}

const decoder = new TextDecoder();

function decode(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

function clip(value: string): string {
  if (Buffer.byteLength(value) <= MAX_LABEL_BYTES) return value;
  return decoder
    .decode(new TextEncoder().encode(value).subarray(0, MAX_LABEL_BYTES - 3))
    .replace(/\uFFFD+$/, '');
}
