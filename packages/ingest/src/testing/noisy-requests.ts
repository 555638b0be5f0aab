/** Trace requests that hardly compress, for limits that count compressed bytes. */
import { createRandom } from '@sluice/core/testing/random';
import { ProtoWriter } from '@sluice/otlp/proto-writer';

export interface NoisyShape {
  readonly spans: number;
  /** Of random text in the name of each span. */
  readonly nameBytes: number;
  readonly seed?: number;
}

export function makeNoisyTraceRequest({ spans, nameBytes, seed = 1 }: NoisyShape): Uint8Array {
  const random = createRandom(seed);
  const bytes = (length: number, from: number, count: number): Uint8Array =>
    Uint8Array.from({ length }, () => from + random.below(count));
  const writer = new ProtoWriter(spans * (nameBytes + 100) + 100);
  const resource = writer.begin(1);
  const scope = writer.begin(2);
  for (let i = 0; i < spans; i++) {
    const span = writer.begin(2);
    writer.bytes(1, bytes(16, 1, 255));
    writer.bytes(2, bytes(8, 1, 255));
    writer.bytes(5, bytes(nameBytes, 32, 90));
    writer.end(span);
  }
  writer.end(scope);
  writer.end(resource);
  return writer.finish();
}
