/** Builds OTLP log requests from plain values, and realistic ones from a seed, for tests and benches. */
import { createRandom } from '@sluice/core/testing/random';
import { ProtoWriter } from '@sluice/otlp/proto-writer';

/** bigint: int64; number: double; null: an empty value; object: kvlist. */
export type Plain =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };
export type PlainAttributes = { readonly [key: string]: Plain };

export interface PlainRecord {
  readonly timeNs?: bigint;
  readonly observedNs?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: Plain;
  readonly attributes?: PlainAttributes;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly flags?: number;
  readonly eventName?: string;
  readonly droppedAttributesCount?: number;
}

export interface PlainLogs {
  readonly resource?: PlainAttributes;
  readonly scope?: {
    readonly name?: string;
    readonly version?: string;
    readonly attributes?: PlainAttributes;
  };
  readonly records: readonly PlainRecord[];
}

export function encodeLogs(groups: readonly PlainLogs[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const { resource, scope, records } of groups) {
    const group = writer.begin(1);
    if (resource !== undefined) {
      const mark = writer.begin(1);
      writeAttributes(writer, 1, resource);
      writer.end(mark);
    }
    const scopeLogs = writer.begin(2);
    if (scope !== undefined) {
      const mark = writer.begin(1);
      if (scope.name !== undefined) writer.string(1, scope.name);
      if (scope.version !== undefined) writer.string(2, scope.version);
      writeAttributes(writer, 3, scope.attributes ?? {});
      writer.end(mark);
    }
    for (const record of records) writeRecord(writer, record);
    writer.end(scopeLogs);
    writer.end(group);
  }
  return writer.finish();
}

function writeRecord(writer: ProtoWriter, record: PlainRecord): void {
  const mark = writer.begin(2);
  if (record.timeNs !== undefined) writer.fixed64(1, BigInt.asIntN(64, record.timeNs));
  if (record.observedNs !== undefined) writer.fixed64(11, BigInt.asIntN(64, record.observedNs));
  if (record.severityNumber !== undefined) writer.uint(2, record.severityNumber);
  if (record.severityText !== undefined) writer.string(3, record.severityText);
  if (record.body !== undefined) {
    const body = writer.begin(5);
    writeValue(writer, record.body);
    writer.end(body);
  }
  writeAttributes(writer, 6, record.attributes ?? {});
  if (record.droppedAttributesCount !== undefined) writer.uint(7, record.droppedAttributesCount);
  if (record.flags !== undefined) writer.fixed32(8, record.flags);
  if (record.traceId !== undefined) writer.bytes(9, Buffer.from(record.traceId, 'hex'));
  if (record.spanId !== undefined) writer.bytes(10, Buffer.from(record.spanId, 'hex'));
  if (record.eventName !== undefined) writer.string(12, record.eventName);
  writer.end(mark);
}

function writeAttributes(writer: ProtoWriter, field: number, attributes: PlainAttributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    const mark = writer.begin(field);
    writer.string(1, key);
    const content = writer.begin(2);
    writeValue(writer, value);
    writer.end(content);
    writer.end(mark);
  }
}

function writeValue(writer: ProtoWriter, value: Plain): void {
  if (value === null) return;
  if (typeof value === 'string') {
    writer.string(1, value);
    return;
  }
  if (typeof value === 'boolean') {
    writer.bool(2, value);
    return;
  }
  if (typeof value === 'bigint') {
    writer.int64(3, value);
    return;
  }
  if (typeof value === 'number') {
    writer.double(4, value);
    return;
  }
  if (value instanceof Uint8Array) {
    writer.bytes(7, value);
    return;
  }
  if (Array.isArray(value)) {
    const list = writer.begin(5);
    for (const item of value as readonly Plain[]) {
      const mark = writer.begin(1);
      writeValue(writer, item);
      writer.end(mark);
    }
    writer.end(list);
    return;
  }
  const list = writer.begin(6);
  writeAttributes(writer, 1, value as PlainAttributes);
  writer.end(list);
}

export interface ShopLogsShape {
  readonly records: number;
  readonly seed: number;
  /** Of the first record; the others follow at random distances up to 2 ms. */
  readonly startNs: bigint;
  readonly service?: string;
}

const ROUTES = ['/cart', '/checkout', '/orders/{id}', '/products', '/login'];
const MESSAGES = [
  'request completed',
  'order placed',
  'payment accepted',
  'cart updated',
  'cache miss, reading from the database',
];

/** What a web shop's service logs through an OTel SDK: some 300 bytes of OTLP a record. */
export function makeShopLogs({ records, seed, startNs, service = 'checkout' }: ShopLogsShape): Uint8Array {
  const random = createRandom(seed);
  const hex = (bytes: number): string =>
    Array.from({ length: bytes }, () => random.below(256).toString(16).padStart(2, '0')).join('');
  let timeNs = startNs;
  return encodeLogs([
    {
      resource: {
        'service.name': service,
        'service.namespace': 'shop',
        'service.version': '1.4.2',
        'deployment.environment.name': 'production',
        'host.name': 'ip-10-0-3-17',
        'telemetry.sdk.name': 'opentelemetry',
        'telemetry.sdk.language': 'nodejs',
        'telemetry.sdk.version': '2.1.0',
      },
      scope: { name: 'shop-logger', version: '1.0.0' },
      records: Array.from({ length: records }, () => {
        timeNs += BigInt(random.below(2_000_000));
        const failed = random.chance(0.05);
        return {
          timeNs,
          observedNs: timeNs + 30_000n,
          severityNumber: failed ? 17 : 9,
          severityText: failed ? 'ERROR' : 'INFO',
          body: `${random.pick(MESSAGES)} for customer ${random.below(100_000)}`,
          attributes: {
            'http.request.method': random.pick(['GET', 'POST']),
            'http.route': random.pick(ROUTES),
            'http.response.status_code': BigInt(failed ? 500 : 200),
            'request.duration': random.below(3000) / 1000,
            'user.id': `user-${random.below(1000)}`,
            order_id: `ORD-${random.below(1_000_000)}`,
          },
          traceId: hex(16),
          spanId: hex(8),
        };
      }),
    },
  ]);
}
