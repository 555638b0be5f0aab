/** Looks for everything that a request held through the read APIs: ids, times, attributes and counts. */
import { decodeLogs } from '@sluice/otlp/decode-logs';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { AnyValue, KeyValue, LogRecord, Resource, Span } from '@sluice/otlp/model';
import { expect } from 'vitest';
import {
  eventually,
  type Finder,
  findTrace,
  type JaegerSpan,
  type JaegerTag,
  type JaegerTrace,
  type LineSelection,
} from './pipeline-client.ts';

interface PlacedSpan {
  readonly resource: Resource;
  readonly span: Span;
}

/** Every trace of the request, whole, as the Jaeger API answers it. */
export async function expectSpansFound(apiUrl: string, bytes: Uint8Array): Promise<void> {
  const placed: PlacedSpan[] = decodeTraces(bytes).flatMap(({ resource, scopes }) =>
    scopes.flatMap(({ spans }) => spans.map((span) => ({ resource, span }))),
  );
  for (const [traceId, spans] of Map.groupBy(placed, ({ span }) => span.traceId)) {
    const ids = new Set(spans.map(({ span }) => span.spanId));
    const trace = await eventually(`trace ${traceId}`, async () => {
      const found = await findTrace(apiUrl, traceId);
      return found !== undefined && [...ids].every((id) => found.spans.some(({ spanID }) => spanID === id))
        ? found
        : undefined;
    });
    // A span that was sent twice is one; different spans that were sent under one id are several.
    const different = new Set(
      spans.map(({ span }) => `${span.spanId} ${span.name} ${span.startTimeUnixNano / 1000n}`),
    );
    expect(
      trace.spans
        .map(({ spanID, operationName, startTime }) => `${spanID} ${operationName} ${startTime}`)
        .sort(),
    ).toEqual([...different].sort());
    for (const each of spans) expectSameSpan(trace, each);
  }
}

function expectSameSpan(trace: JaegerTrace, { resource, span }: PlacedSpan): void {
  const startTime = Number(span.startTimeUnixNano / 1000n);
  const found = trace.spans.find(
    (one) => one.spanID === span.spanId && one.operationName === span.name && one.startTime === startTime,
  )!;
  const durationUs = Number((span.endTimeUnixNano - span.startTimeUnixNano) / 1000n);
  expect(Math.abs(found.duration - Math.max(0, durationUs))).toBeLessThanOrEqual(1);
  const wantedReferences = [
    ...(span.parentSpanId === '' ? [] : [span.parentSpanId]),
    ...span.links.map(({ spanId }) => spanId).filter((id) => id !== span.parentSpanId),
  ];
  expect(found.references.map(({ spanID }) => spanID).sort()).toEqual(wantedReferences.sort());
  expectTags(found.tags, span.attributes);
  if (span.status.code === 2) expectTag(found.tags, 'error', true);
  expect(found.logs.map(({ timestamp }) => timestamp)).toEqual(
    span.events.map(({ timeUnixNano }) => Number(timeUnixNano / 1000n)),
  );
  span.events.forEach(({ name, attributes }, index) => {
    const { fields } = found.logs[index]!;
    expectTags(fields, attributes);
    if (name !== '' && !attributes.some(({ key }) => key === 'event')) expectTag(fields, 'event', name);
  });
  const process = trace.processes[found.processID]!;
  const service = resource.attributes.find(({ key }) => key === 'service.name')?.value;
  if (service?.type === 'string' && service.value !== '') expect(process.serviceName).toBe(service.value);
  expectTags(
    process.tags,
    resource.attributes.filter(({ key }) => key !== 'service.name'),
  );
}

function expectTags(tags: JaegerSpan['tags'], attributes: readonly KeyValue[]): void {
  for (const { key, value } of attributes) expectTag(tags, key, plainValue(value));
}

function expectTag(tags: readonly JaegerTag[], key: string, expected: unknown): void {
  const found = tags.filter((tag) => tag.key === key).map((tag) => tag.value);
  if (expected === undefined) expect({ key, found }).not.toEqual({ key, found: [] });
  else expect({ key, found }).toEqual({ key, found: expect.arrayContaining([expected]) });
}

/**
 * Every record of the requests at its time, with its ids and attributes, and no line besides: their services
 * must have sent nothing else in the range of these times.
 */
export async function expectRecordsFound(
  findLines: Finder['findLines'],
  ...requests: readonly Uint8Array[]
): Promise<void> {
  const placed = requests.flatMap((bytes) =>
    decodeLogs(bytes).flatMap(({ resource, scopes }) =>
      scopes.flatMap(({ records }) => records.map((record) => ({ resource, record }))),
    ),
  );
  const timed = placed.filter(({ record }) => timeOf(record) > 0n);
  if (timed.length === 0) return;
  const times = timed.map(({ record }) => timeOf(record));
  const range = {
    startNs: times.reduce((a, b) => (a < b ? a : b)),
    // Equal lines at one time are kept apart by a nanosecond each.
    endNs: times.reduce((a, b) => (a > b ? a : b)) + BigInt(timed.length) + 1n,
  };
  const lines = await eventually('the lines', async () => {
    const found = await findLines({ ...servicesOf(timed.map(({ resource }) => resource)), range });
    return found.length >= timed.length ? found : undefined;
  });
  expect(lines).toHaveLength(timed.length);
  const byTime = Map.groupBy(
    lines.map(({ timestampNs, line }) => ({ timeNs: BigInt(timestampNs), leaves: leavesOf(line) })),
    ({ timeNs }) => timeNs,
  );
  for (const { record, resource } of timed) {
    const wanted = [...wantedOf(record), ...resource.attributes.flatMap(toWanted)];
    const near: (readonly Leaf[])[] = [];
    for (let step = 0n; step <= BigInt(timed.length); step++) {
      near.push(...(byTime.get(timeOf(record) + step) ?? []).map(({ leaves }) => leaves));
    }
    const holds = near.some((leaves) => wanted.every((leaf) => hasLeaf(leaves, leaf)));
    expect({ holds, wanted, near: holds ? [] : near.slice(0, 3) }).toMatchObject({ holds: true });
  }
}

/** Their names; all services when one has none. */
function servicesOf(resources: readonly Resource[]): Pick<LineSelection, 'services'> {
  const names = resources.map(
    ({ attributes }) => attributes.find(({ key }) => key === 'service.name')?.value,
  );
  const texts = new Set(names.map((name) => (name?.type === 'string' ? name.value : '')));
  return texts.has('') ? {} : { services: [...texts] };
}

/** A value of a record, and the name whose end it stands under in its line (several fields are renamed in front). */
interface Leaf {
  readonly name: string;
  readonly value: unknown;
}

/** docs/log-record.md: exceptions are named `error`, and names that Sluice writes itself move under `attributes`. */
const RENAMED: Readonly<Record<string, string>> = {
  'exception.type': 'error.type',
  'exception.message': 'error.message',
  'exception.stacktrace': 'error.stack',
  'service.name': 'service',
  'service.version': 'version',
};

function wantedOf({ body, traceId, spanId, attributes }: LogRecord): readonly Leaf[] {
  return [
    ...(body.type === 'string' && isShort(body.value) ? [{ name: 'message', value: body.value }] : []),
    ...(/[1-9a-f]/.test(traceId) ? [{ name: 'trace_id', value: traceId }] : []),
    ...(/[1-9a-f]/.test(spanId) ? [{ name: 'span_id', value: spanId }] : []),
    ...attributes.flatMap(toWanted),
  ];
}

function toWanted({ key, value }: KeyValue): readonly Leaf[] {
  const plain = plainValue(value);
  if (plain === undefined || (typeof plain === 'string' && !isShort(plain))) return [];
  return [{ name: RENAMED[key] ?? key, value: plain }];
}

/** Long texts and such of several lines may be cut or unfolded: their shape is held by the tests of the record. */
function isShort(text: string): boolean {
  return text.length < 200 && !text.includes('\n') && !text.startsWith('{');
}

function hasLeaf(leaves: readonly Leaf[], { name, value }: Leaf): boolean {
  return leaves.some(
    (leaf) =>
      (leaf.name === name || leaf.name.endsWith(`.${name}`)) &&
      (leaf.value === value || String(leaf.value) === String(value)),
  );
}

/** The JSON object that a line begins with, as dotted names. */
function leavesOf(line: string): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (value: unknown, name: string): void => {
    leaves.push({ name, value });
    if (value === null || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) visit(inner, name === '' ? key : `${name}.${key}`);
  };
  visit(JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)), '');
  return leaves;
}

function timeOf({ timeUnixNano, observedTimeUnixNano }: LogRecord): bigint {
  return timeUnixNano > 0n ? timeUnixNano : observedTimeUnixNano;
}

/** `undefined` for what readers show as text of their own making. */
function plainValue(value: AnyValue): string | number | boolean | undefined {
  switch (value.type) {
    case 'string':
    case 'bool':
      return value.value;
    case 'double':
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case 'int':
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    default:
      return undefined;
  }
}
