/**
 * Decodes what was pushed to a fake Loki, by the specifications of snappy's block format and of protobuf
 * alone: it shares no code with what encodes.
 */
export interface PushedEntry {
  readonly timeNs: bigint;
  readonly line: string;
  readonly structuredMetadata: readonly (readonly [name: string, value: string])[];
}

export interface PushedStream {
  readonly labels: string;
  readonly entries: readonly PushedEntry[];
}

/** @throws RangeError on a block that breaks the format */
export function decodeSnappyBlock(input: Uint8Array): Uint8Array {
  const { value: length, at: start } = varint(input, 0);
  const output = new Uint8Array(Number(length));
  let at = start;
  let written = 0;
  while (at < input.length) {
    const tag = input[at]!;
    at += 1;
    if ((tag & 3) === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const extra = size - 60;
        size = littleEndian(input, at, extra) + 1;
        at += extra;
      }
      if (at + size > input.length || written + size > output.length)
        throw new RangeError('literal too long');
      output.set(input.subarray(at, at + size), written);
      at += size;
      written += size;
      continue;
    }
    const kind = tag & 3;
    const width = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) | input[at]! : littleEndian(input, at, width);
    at += width;
    if (offset === 0 || offset > written || written + size > output.length) throw new RangeError('bad copy');
    for (let i = 0; i < size; i++) output[written + i] = output[written + i - offset]!;
    written += size;
  }
  if (written !== output.length) throw new RangeError('block is shorter than announced');
  return output;
}

/** logproto.PushRequest. @throws RangeError */
export function decodePushRequest(bytes: Uint8Array): readonly PushedStream[] {
  return fields(bytes)
    .filter(({ field }) => field === 1)
    .map(({ bytes: stream }) => {
      const parts = fields(stream);
      return {
        labels: text(parts.find(({ field }) => field === 1)?.bytes),
        entries: parts.filter(({ field }) => field === 2).map(({ bytes: entry }) => decodeEntry(entry)),
      };
    });
}

function decodeEntry(bytes: Uint8Array): PushedEntry {
  const parts = fields(bytes);
  const time = fields(parts.find(({ field }) => field === 1)?.bytes ?? new Uint8Array());
  const seconds = time.find(({ field }) => field === 1)?.value ?? 0n;
  const nanos = time.find(({ field }) => field === 2)?.value ?? 0n;
  if (nanos > 999_999_999n) throw new RangeError('nanos out of range');
  return {
    timeNs: seconds * 1_000_000_000n + nanos,
    line: text(parts.find(({ field }) => field === 2)?.bytes),
    structuredMetadata: parts
      .filter(({ field }) => field === 3)
      .map(({ bytes: pair }) => {
        const [name, value] = [1, 2].map(
          (wanted) => fields(pair).find(({ field }) => field === wanted)?.bytes,
        );
        return [text(name), text(value)] as const;
      }),
  };
}

interface Field {
  readonly field: number;
  readonly value: bigint;
  readonly bytes: Uint8Array;
}

function fields(bytes: Uint8Array): readonly Field[] {
  const found: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = varint(bytes, at);
    const field = Number(tag.value >> 3n);
    const wire = Number(tag.value & 7n);
    const { value, at: behind } = varint(bytes, tag.at);
    if (wire === 0) {
      found.push({ field, value, bytes: new Uint8Array() });
      at = behind;
    } else if (wire === 2) {
      at = behind + Number(value);
      if (at > bytes.length) throw new RangeError('field longer than its message');
      found.push({ field, value, bytes: bytes.subarray(behind, at) });
    } else {
      throw new RangeError(`unexpected wire type ${wire}`);
    }
  }
  return found;
}

function varint(bytes: Uint8Array, start: number): { readonly value: bigint; readonly at: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, at: start + i + 1 };
  }
  throw new RangeError('varint does not end');
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/** Strict: what is not UTF-8 throws. */
function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes ?? new Uint8Array());
}
