/** Attributes, resources and scopes of made-up requests, written straight to the wire. */
import type { Random } from '@sluice/core/testing/random';
import type { ProtoWriter } from '../proto-writer.ts';

export type PlainValue = string | number | bigint | boolean | Uint8Array | readonly PlainValue[];

export function writeAttributes(
  writer: ProtoWriter,
  field: number,
  attributes: Readonly<Record<string, PlainValue>>,
): void {
  for (const [key, value] of Object.entries(attributes)) writeAttribute(writer, field, key, value);
}

export function writeAttribute(writer: ProtoWriter, field: number, key: string, value: PlainValue): void {
  const entry = writer.begin(field);
  writer.string(1, key);
  const any = writer.begin(2);
  writeAnyValue(writer, value);
  writer.end(any);
  writer.end(entry);
}

/** The fields of an AnyValue. */
export function writeAnyValue(writer: ProtoWriter, value: PlainValue): void {
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.bool(2, value);
  else if (typeof value === 'bigint') writer.int64(3, value);
  else if (typeof value === 'number') writer.double(4, value);
  else if (value instanceof Uint8Array) writer.bytes(7, value);
  else {
    const array = writer.begin(5);
    for (const element of value) {
      const any = writer.begin(1);
      writeAnyValue(writer, element);
      writer.end(any);
    }
    writer.end(array);
  }
}

export function writeResource(writer: ProtoWriter, service: string, random: Random): void {
  const resource = writer.begin(1);
  writeAttributes(writer, 1, {
    'service.name': service,
    'service.namespace': 'shop',
    'service.version': '2.14.0',
    'service.instance.id': `${service}-${random.below(4)}`,
    'deployment.environment.name': 'production',
    'host.name': `ip-10-0-3-${random.below(250)}.eu-central-1.compute.internal`,
    'process.pid': BigInt(100 + random.below(30_000)),
    'process.command_args': ['node', '--enable-source-maps', 'server.js'],
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': '2.1.0',
  });
  writer.end(resource);
}

export function writeScope(writer: ProtoWriter): void {
  const scope = writer.begin(1);
  writer.string(1, '@opentelemetry/instrumentation-http');
  writer.string(2, '0.205.0');
  writer.end(scope);
}
