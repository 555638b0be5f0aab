import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import { decodeLogs } from './decode-logs.ts';
import { OtlpFormatError } from './format-error.ts';
import { mutateBytes } from './testing/mutate-bytes.ts';
import { makeLogRequest } from './testing/requests.ts';
import { type LogRecordView, readValue, VALUE_KIND, walkLogs } from './walk-logs.ts';

interface Seen {
  readonly time: bigint;
  readonly observed: bigint;
  readonly severity: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly keys: readonly string[];
  readonly body: string;
}

const text = (bytes: Uint8Array, start: number, end: number): string =>
  start < 0 ? '' : new TextDecoder().decode(bytes.subarray(start, end));

function walk(bytes: Uint8Array): readonly Seen[] {
  const seen: Seen[] = [];
  const value = { kind: 0, start: 0, end: 0 };
  walkLogs(bytes, {
    resource: () => {},
    scope: () => {},
    record(view: LogRecordView) {
      if (view.bodyStart >= 0) readValue(value, view.bytes, view.bodyStart, view.bodyEnd);
      seen.push({
        time: BigInt(view.timeHigh) * 2n ** 32n + BigInt(view.timeLow),
        observed: BigInt(view.observedHigh) * 2n ** 32n + BigInt(view.observedLow),
        severity: `${view.severityNumber} ${text(view.bytes, view.severityTextStart, view.severityTextEnd)}`,
        traceId:
          view.traceIdStart < 0
            ? ''
            : Buffer.from(view.bytes.subarray(view.traceIdStart, view.traceIdStart + 16)).toString('hex'),
        spanId:
          view.spanIdStart < 0
            ? ''
            : Buffer.from(view.bytes.subarray(view.spanIdStart, view.spanIdStart + 8)).toString('hex'),
        flags: view.flags,
        keys: Array.from({ length: view.attributeCount }, (_, i) =>
          text(view.bytes, view.attributes[i * 4]!, view.attributes[i * 4 + 1]!),
        ),
        body:
          view.bodyStart >= 0 && value.kind === VALUE_KIND.string
            ? text(view.bytes, value.start, value.end)
            : '',
      });
    },
  });
  return seen;
}

function decode(bytes: Uint8Array): readonly Seen[] {
  return decodeLogs(bytes).flatMap(({ scopes }) =>
    scopes.flatMap(({ records }) =>
      records.map((record) => ({
        time: record.timeUnixNano,
        observed: record.observedTimeUnixNano,
        severity: `${record.severityNumber} ${record.severityText}`,
        traceId: record.traceId,
        spanId: record.spanId,
        flags: record.flags,
        keys: record.attributes.map(({ key }) => key),
        body: record.body.type === 'string' ? record.body.value : '',
      })),
    ),
  );
}

test('the walk sees what the decoder sees', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bytes = makeLogRequest({ records: 30, services: 3, seed });
    expect(walk(bytes)).toEqual(decode(bytes));
    expect(walk(bytes).length).toBe(30);
  }
});

test('damaged bytes end in an OtlpFormatError or in records, never in anything else', () => {
  const random = createRandom(3);
  const sound = makeLogRequest({ records: 5, seed: 1 });
  let refused = 0;
  for (let i = 0; i < Number(process.env.SLUICE_FUZZ_RUNS ?? 3000); i++) {
    try {
      walk(mutateBytes(sound, random));
    } catch (error) {
      expect(error).toBeInstanceOf(OtlpFormatError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(100);
});

test.each([
  ['a length beyond the end', [0x0a, 0x05, 0x12]],
  ['a varint that does not end', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ['a length of 2^32', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x10]],
  ['a group', [0x0b, 0x0c]],
  ['half a time', [0x0a, 0x08, 0x12, 0x06, 0x12, 0x04, 0x09, 0x01, 0x02, 0x03]],
])('%s is malformed', (_name, bytes) => {
  expect(() => walk(Uint8Array.from(bytes))).toThrow(OtlpFormatError);
});
