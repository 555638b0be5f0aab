/**
 * Series into a Prometheus by remote write 1.0, written here from the specification and independent of
 * the encoder under test. Snappy is used in its simplest form: literals only.
 */
import type { SeriesData } from '@sluice/promql/series-reader';

/** The NaN that says "this series ended here" (Prometheus, value.StaleNaN). */
const STALE_BITS = 0x7ff0000000000002n;

/** One request: a server takes samples up to an hour behind its newest one only from request to request. */
export async function writeSeries(url: string, series: readonly SeriesData[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: snappyLiterals(Buffer.concat(series.map((one) => field(1, encodeSeries(one))))),
  });
  if (response.status !== 204) throw new Error(`remote write: ${response.status} ${await response.text()}`);
}

function encodeSeries({ labels, times, values, stale }: SeriesData): Buffer {
  const parts = labels.map(({ name, value }) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
  );
  for (let i = 0; i < times.length; i++) {
    const value = Buffer.alloc(9);
    value[0] = 0x09;
    if (stale?.[i] === 1) value.writeBigUInt64LE(STALE_BITS, 1);
    else value.writeDoubleLE(values[i]!, 1);
    parts.push(field(2, Buffer.concat([value, Buffer.from([0x10]), varint(BigInt(times[i]!))])));
  }
  return Buffer.concat(parts);
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(content.length)), content]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const LITERAL_BYTES = 65_536;

function snappyLiterals(raw: Buffer): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [varint(BigInt(raw.length))];
  for (let at = 0; at < raw.length; at += LITERAL_BYTES) {
    const chunk = raw.subarray(at, at + LITERAL_BYTES);
    // Tag 61: a literal whose length less one is in the next two bytes.
    parts.push(Buffer.from([61 << 2, (chunk.length - 1) & 255, (chunk.length - 1) >> 8]), chunk);
  }
  return Buffer.concat(parts);
}
