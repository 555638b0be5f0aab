/**
 * Realistic export requests for tests, benches and fuzzers: a small web shop's traces, logs and metrics
 * as SDKs send them, the same bytes for the same seed.
 */
import { createRandom, type Random } from '@sluice/core/testing/random';
import { ProtoWriter } from '../proto-writer.ts';
import { writeAttribute, writeAttributes, writeResource, writeScope } from './write-attributes.ts';
import { writeMetric } from './write-metric.ts';

export interface RequestShape {
  /** Resources that the items are spread over. */
  readonly services?: number;
  readonly seed?: number;
  /** Time of the newest item, in milliseconds since the epoch. */
  readonly nowMs?: number;
}

export interface TraceRequestShape extends RequestShape {
  readonly spans?: number;
  readonly spansPerTrace?: number;
}

export interface LogRequestShape extends RequestShape {
  readonly records?: number;
}

export interface MetricRequestShape extends RequestShape {
  readonly points?: number;
}

export const SERVICES = ['storefront', 'cart', 'checkout', 'payment', 'inventory', 'shipping'] as const;

const DEFAULT_NOW_MS = Date.UTC(2026, 0, 1);
const ROUTES = ['/api/products/{id}', '/api/cart', '/api/checkout', '/api/orders/{id}/items', '/healthz'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

/** Spans of about 450 bytes with 8 to 10 attributes, seven to a trace, a few with events and links. */
export function makeTraceRequest({
  spans = 500,
  services = 3,
  spansPerTrace = 7,
  seed = 1,
  nowMs = DEFAULT_NOW_MS,
}: TraceRequestShape = {}): Uint8Array {
  const random = createRandom(seed);
  const writer = new ProtoWriter(spans * 600 + 1024);
  let traceId = randomBytes(random, 16);
  let rootSpanId = randomBytes(random, 8);
  let inTrace = 0;
  forEachService({ services, items: spans, writer, random }, (index) => {
    if (inTrace === spansPerTrace) {
      traceId = randomBytes(random, 16);
      inTrace = 0;
    }
    const spanId = inTrace === 0 ? rootSpanId : randomBytes(random, 8);
    if (inTrace === 0) rootSpanId = spanId;
    writeSpan(writer, {
      random,
      index,
      nowMs,
      traceId,
      spanId,
      parentSpanId: inTrace === 0 ? undefined : rootSpanId,
    });
    inTrace++;
    if (inTrace === spansPerTrace) rootSpanId = randomBytes(random, 8);
  });
  return writer.finish();
}

/** Records of about 300 bytes, most with a trace and span id, some with a structured body. */
export function makeLogRequest({
  records = 500,
  services = 3,
  seed = 1,
  nowMs = DEFAULT_NOW_MS,
}: LogRequestShape = {}): Uint8Array {
  const random = createRandom(seed);
  const writer = new ProtoWriter(records * 400 + 1024);
  forEachService({ services, items: records, writer, random }, (index) =>
    writeLogRecord(writer, { random, index, nowMs }),
  );
  return writer.finish();
}

/** Data points of all five kinds, in metrics of one to eight points. */
export function makeMetricRequest({
  points = 500,
  services = 3,
  seed = 1,
  nowMs = DEFAULT_NOW_MS,
}: MetricRequestShape = {}): Uint8Array {
  const random = createRandom(seed);
  const writer = new ProtoWriter(points * 300 + 1024);
  let left = points;
  for (let service = 0; service < services; service++) {
    const resource = writer.begin(1);
    writeResource(writer, SERVICES[service % SERVICES.length]!, random);
    const scope = writer.begin(2);
    writeScope(writer);
    let share = service === services - 1 ? left : Math.floor(points / services);
    left -= share;
    for (let index = 0; share > 0; index++) {
      const count = Math.min(share, 1 + random.below(8));
      writeMetric(writer, { random, index, nowMs, points: count });
      share -= count;
    }
    writer.end(scope);
    writer.end(resource);
  }
  return writer.finish();
}

export function randomBytes(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = random.below(256);
  bytes[0]! |= 1;
  return bytes;
}

interface Spread {
  readonly services: number;
  readonly items: number;
  readonly writer: ProtoWriter;
  readonly random: Random;
}

function forEachService({ services, items, writer, random }: Spread, writeItem: (index: number) => void) {
  let index = 0;
  for (let service = 0; service < services; service++) {
    const stop = service === services - 1 ? items : Math.floor((items * (service + 1)) / services);
    const resource = writer.begin(1);
    writeResource(writer, SERVICES[service % SERVICES.length]!, random);
    const scope = writer.begin(2);
    writeScope(writer);
    for (; index < stop; index++) writeItem(index);
    writer.end(scope);
    writer.string(3, 'https://opentelemetry.io/schemas/1.37.0');
    writer.end(resource);
  }
}

interface ItemShape {
  readonly random: Random;
  readonly index: number;
  readonly nowMs: number;
}

interface SpanShape extends ItemShape {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array | undefined;
}

function writeSpan(writer: ProtoWriter, shape: SpanShape): void {
  const { random, index, nowMs } = shape;
  const method = random.pick(METHODS);
  const route = random.pick(ROUTES);
  const failed = random.chance(0.05);
  const endNano = BigInt(nowMs - random.below(5000)) * 1_000_000n + BigInt(random.below(1_000_000));
  const startNano = endNano - BigInt(random.below(400_000_000));
  const span = writer.begin(2);
  writer.bytes(1, shape.traceId);
  writer.bytes(2, shape.spanId);
  if (shape.parentSpanId !== undefined) writer.bytes(4, shape.parentSpanId);
  writer.string(5, `${method} ${route}`);
  writer.uint(6, 1 + random.below(5));
  writer.fixed64(7, startNano);
  writer.fixed64(8, endNano);
  writeAttributes(writer, 9, {
    'http.request.method': method,
    'http.route': route,
    'url.path': `/api/orders/${random.below(100_000)}/items`,
    'server.address': `shop-${random.below(20)}.internal.example.com`,
    'server.port': 8080n,
    'http.response.status_code': failed ? 500n : 200n,
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    'network.protocol.version': '1.1',
  });
  if (index % 2 === 0) writeAttribute(writer, 9, 'order.total', random.below(100_000) / 100);
  if (index % 3 === 0) writeAttribute(writer, 9, 'customer.returning', random.chance(0.5));
  if (failed) {
    const event = writer.begin(11);
    writer.fixed64(1, endNano);
    writer.string(2, 'exception');
    writeAttributes(writer, 3, {
      'exception.type': 'TimeoutError',
      'exception.message': 'payment provider did not answer within 2000 ms',
    });
    writer.end(event);
  }
  if (index % 50 === 7) {
    const link = writer.begin(13);
    writer.bytes(1, randomBytes(random, 16));
    writer.bytes(2, randomBytes(random, 8));
    writer.end(link);
  }
  const status = writer.begin(15);
  if (failed) {
    writer.string(2, 'upstream timeout');
    writer.uint(3, 2);
  }
  writer.end(status);
  writer.fixed32(16, 0x101);
  writer.end(span);
}

function writeLogRecord(writer: ProtoWriter, { random, index, nowMs }: ItemShape): void {
  const severity = random.pick([5, 9, 9, 9, 13, 17]);
  const timeNano = BigInt(nowMs - random.below(5000)) * 1_000_000n + BigInt(random.below(1_000_000));
  const record = writer.begin(2);
  writer.fixed64(1, timeNano);
  writer.fixed64(11, timeNano + 1_000n);
  writer.uint(2, severity);
  writer.string(3, { 5: 'DEBUG', 9: 'INFO', 13: 'WARN', 17: 'ERROR' }[severity]!);
  const body = writer.begin(5);
  if (index % 10 === 3) {
    const entries = writer.begin(6);
    writeAttributes(writer, 1, { event: 'order.placed', amount: 12.5, items: 3n });
    writer.end(entries);
  } else {
    writer.string(1, `order ${random.below(1_000_000)} priced at ${random.below(10_000) / 100} € for cart`);
  }
  writer.end(body);
  writeAttributes(writer, 6, {
    'http.request.method': random.pick(METHODS),
    'http.route': random.pick(ROUTES),
    'code.function.name': 'com.example.shop.CheckoutController.placeOrder',
    'thread.id': BigInt(random.below(64)),
    'order.total': random.below(100_000) / 100,
  });
  writer.fixed32(8, 1);
  if (index % 5 !== 4) {
    writer.bytes(9, randomBytes(random, 16));
    writer.bytes(10, randomBytes(random, 8));
  }
  writer.end(record);
}
