/** Metrics of made-up requests: gauge, sum, histogram, exponential histogram and summary in turn. */
import type { Random } from '@sluice/core/testing/random';
import type { ProtoWriter } from '../proto-writer.ts';
import { writeAttributes } from './write-attributes.ts';

export interface MetricShape {
  readonly random: Random;
  readonly index: number;
  readonly nowMs: number;
  readonly points: number;
}

interface Kind {
  readonly field: number;
  readonly name: string;
  readonly unit: string;
  readonly temporality: boolean;
  readonly monotonic?: boolean;
  readonly attributesField: number;
  readonly writeValue: (writer: ProtoWriter, random: Random) => void;
}

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const KINDS: readonly Kind[] = [
  {
    field: 5,
    name: 'process.memory.usage',
    unit: 'By',
    temporality: false,
    attributesField: 7,
    writeValue: (writer, random) => writer.double(4, random.below(1_000_000) / 7),
  },
  {
    field: 7,
    name: 'http.server.requests',
    unit: '{request}',
    temporality: true,
    monotonic: true,
    attributesField: 7,
    writeValue: (writer, random) => writer.fixed64(6, BigInt(random.below(1_000_000))),
  },
  {
    field: 9,
    name: 'http.server.request.duration',
    unit: 's',
    temporality: true,
    attributesField: 9,
    writeValue: writeHistogram,
  },
  {
    field: 10,
    name: 'rpc.client.duration',
    unit: 'ms',
    temporality: true,
    attributesField: 1,
    writeValue: writeExponentialHistogram,
  },
  {
    field: 11,
    name: 'gc.pause',
    unit: 's',
    temporality: false,
    attributesField: 7,
    writeValue: writeSummary,
  },
];

export function writeMetric(writer: ProtoWriter, { random, index, nowMs, points }: MetricShape): void {
  const kind = KINDS[index % KINDS.length]!;
  const metric = writer.begin(2);
  writer.string(1, `${kind.name}.${index}`);
  writer.string(2, 'What one instance has measured since it started.');
  writer.string(3, kind.unit);
  const data = writer.begin(kind.field);
  for (let i = 0; i < points; i++) {
    const point = writer.begin(1);
    writer.fixed64(2, BigInt(nowMs - 600_000) * 1_000_000n);
    writer.fixed64(3, BigInt(nowMs - random.below(1000)) * 1_000_000n);
    kind.writeValue(writer, random);
    writeAttributes(writer, kind.attributesField, {
      'http.request.method': random.pick(['GET', 'POST']),
      'http.route': `/api/v1/resource/${i}`,
      'http.response.status_code': 200n,
    });
    writer.end(point);
  }
  if (kind.temporality) writer.uint(2, 2);
  if (kind.monotonic) writer.bool(3, true);
  writer.end(data);
  writer.end(metric);
}

function writeHistogram(writer: ProtoWriter, random: Random): void {
  const counts = Array.from({ length: BOUNDS.length + 1 }, () => BigInt(random.below(1000)));
  writer.fixed64(
    4,
    counts.reduce((sum, count) => sum + count, 0n),
  );
  writer.double(5, random.below(1_000_000) / 3);
  writer.packedFixed64(6, counts);
  writer.packedDouble(7, BOUNDS);
  writer.double(11, 0.001);
  writer.double(12, 9.5);
}

function writeExponentialHistogram(writer: ProtoWriter, random: Random): void {
  const counts = Array.from({ length: 1 + random.below(20) }, () => BigInt(random.below(300)));
  writer.fixed64(
    4,
    counts.reduce((sum, count) => sum + count, 5n),
  );
  writer.double(5, random.below(1_000_000) / 3);
  writer.sint32(6, 3);
  writer.fixed64(7, 5n);
  const positive = writer.begin(8);
  writer.sint32(1, -4);
  writer.packedUint64(2, counts);
  writer.end(positive);
}

function writeSummary(writer: ProtoWriter, random: Random): void {
  writer.fixed64(4, BigInt(random.below(10_000)));
  writer.double(5, random.below(1_000_000) / 3);
  for (const quantile of [0, 0.5, 0.99, 1]) {
    const value = writer.begin(6);
    writer.double(1, quantile);
    writer.double(2, random.below(1000) / 7);
    writer.end(value);
  }
}
