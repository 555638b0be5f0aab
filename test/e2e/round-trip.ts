/** Looks for everything that a request held through the read APIs: ids, times, attributes and counts. */

import { decodeLogs } from '@sluice/otlp/decode-logs';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { AnyValue, KeyValue, LogRecord, Resource, Span } from '@sluice/otlp/model';
import { expect } from 'vitest';
import { eventually, findLogs, findTrace, type JaegerSpan, type JaegerTrace } from './pipeline-client.ts';

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
    expect(new Set(trace.spans.map(({ spanID }) => spanID))).toEqual(ids);
    // More than ids only where different spans were sent under one id.
    expect(trace.spans.length).toBeLessThanOrEqual(spans.length);
    for (const each of spans) expectSameSpan(trace, each);
  }
}

function expectSameSpan(trace: JaegerTrace, { resource, span }: PlacedSpan): void {
  const startTime = Number(span.startTimeUnixNano / 1000n);
  const found = trace.spans.find(
    (one) => one.spanID === span.spanId && one.operationName === span.name && one.startTime === startTime,
  );
  if (found === undefined)
    throw new Error(`span ${span.spanId} "${span.name}" at ${startTime} µs is missing`);
  const durationUs = Number((span.endTimeUnixNano - span.startTimeUnixNano) / 1000n);
  expect(Math.abs(found.duration - Math.max(0, durationUs))).toBeLessThanOrEqual(1);
  if (span.parentSpanId !== '') {
    expect(found.references).toContainEqual(expect.objectContaining({ spanID: span.parentSpanId }));
  }
  for (const attribute of span.attributes) expectTag(found, attribute);
  const service = resource.attributes.find(({ key }) => key === 'service.name')?.value;
  if (service?.type === 'string' && service.value !== '') {
    expect(trace.processes[found.processID]?.serviceName).toBe(service.value);
  }
}

function expectTag({ tags }: JaegerSpan, { key, value }: KeyValue): void {
  const found = tags.filter((tag) => tag.key === key).map((tag) => tag.value);
  const expected = plainValue(value);
  if (expected === undefined) expect(found).not.toEqual([]);
  else expect(found).toContainEqual(expected);
}

/** Every record of the request by its time, and its text in the line. */
export async function expectRecordsFound(apiUrl: string, bytes: Uint8Array): Promise<void> {
  const records = decodeLogs(bytes).flatMap(({ scopes }) => scopes.flatMap((scope) => scope.records));
  const times = records.map(timeOf).filter((time) => time > 0n);
  if (times.length === 0) return;
  const range = {
    startNs: times.reduce((a, b) => (a < b ? a : b)),
    // Equal lines at one time are kept apart by a nanosecond each.
    endNs: times.reduce((a, b) => (a > b ? a : b)) + BigInt(records.length) + 1n,
  };
  const timed = records.filter((record) => timeOf(record) > 0n);
  const lines = await eventually('the lines', async () => {
    const found = await findLogs(apiUrl, '{service=~".+"}', range);
    return found.length >= timed.length ? found : undefined;
  });
  for (const record of timed) {
    const near = lines.filter(({ timestampNs }) => {
      const distance = BigInt(timestampNs) - timeOf(record);
      return distance >= 0n && distance <= BigInt(records.length);
    });
    const wanted = textsOf(record);
    const holds = near.some(({ line }) => wanted.every((text) => line.includes(text)));
    expect({ holds, wanted, near: holds ? [] : near.slice(0, 3) }).toMatchObject({ holds: true });
  }
}

/** What the line of a record must hold, as JSON writes it. */
function textsOf({ body, traceId, spanId, attributes }: LogRecord): readonly string[] {
  const texts = [body, ...attributes.map(({ value }) => value)].flatMap((value) =>
    value.type === 'string' && value.value !== '' && value.value.length < 200 && !value.value.includes('\n')
      ? [JSON.stringify(value.value).slice(1, -1)]
      : [],
  );
  return [...texts, traceId, spanId];
}

function timeOf({ timeUnixNano, observedTimeUnixNano }: LogRecord): bigint {
  return timeUnixNano > 0n ? timeUnixNano : observedTimeUnixNano;
}

/** `undefined` for what Jaeger shows as text of its own making. */
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
