import { createRandom } from '@sluice/core/testing/random';
import { expect, test } from 'vitest';
import { decodeTraces } from './decode-traces.ts';
import { OtlpFormatError } from './format-error.ts';
import type { KeyValue } from './model.ts';
import { REQUEST_SCHEMA } from './schema.ts';
import { fromJson, SPAN } from './testing/from-json.ts';
import { makeRandomMessage } from './testing/random-message.ts';
import { makeTraceRequest } from './testing/requests.ts';
import { walkSpans } from './walk-spans.ts';

function walk(bytes: Uint8Array): unknown[] {
  const seen: unknown[] = [];
  walkSpans(bytes, {
    resource: (serviceName, attributes) => seen.push({ serviceName, attributes }),
    span: (view) =>
      seen.push({
        traceId: view.traceIdHex,
        spanId: view.spanIdHex,
        parentSpanId: view.parentSpanIdHex,
        name: view.name,
        kind: view.kind,
        startTimeUnixNano: view.startTimeUnixNano,
        endTimeUnixNano: view.endTimeUnixNano,
        statusCode: view.statusCode,
        attributes: Array.from({ length: view.attributeCount }, (_, i) => view.attribute(i)),
        events: view.eventCount,
        links: view.linkCount,
      }),
  });
  return seen;
}

/** The same from the decoder. */
function decode(bytes: Uint8Array): unknown[] {
  return decodeTraces(bytes).flatMap(({ resource, scopes }) => [
    { serviceName: serviceNameOf(resource.attributes), attributes: resource.attributes },
    ...scopes.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        name: span.name,
        kind: span.kind,
        startTimeUnixNano: span.startTimeUnixNano,
        endTimeUnixNano: span.endTimeUnixNano,
        statusCode: span.status.code,
        attributes: span.attributes,
        events: span.events.length,
        links: span.links.length,
      })),
    ),
  ]);
}

function serviceNameOf(attributes: readonly KeyValue[]): string {
  const last = attributes.filter(({ key }) => key === 'service.name').at(-1)?.value;
  return last?.type === 'string' ? last.value : '';
}

test('a walk sees what the decoder sees', () => {
  const bytes = makeTraceRequest({ spans: 50 });
  expect(walk(bytes)).toEqual(decode(bytes));
});

test('a walk sees what the decoder sees in random requests', () => {
  const random = createRandom(3);
  for (let i = 0; i < 300; i++) {
    const bytes = makeRandomMessage(REQUEST_SCHEMA.traces, random);
    expect(walk(bytes)).toEqual(decode(bytes));
  }
});

test('a span with more attributes than the view had room for is seen whole', () => {
  const attributes = Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: { intValue: i } }));
  const bytes = fromJson('traces', {
    resourceSpans: [{ scopeSpans: [{ spans: [{ ...SPAN, attributes }, SPAN] }] }],
  });
  expect(walk(bytes)).toEqual(decode(bytes));
});

test('a service name that is not text counts as none', () => {
  const resource = { attributes: [{ key: 'service.name', value: { intValue: 1 } }] };
  expect(walk(fromJson('traces', { resourceSpans: [{ resource }] }))).toMatchObject([{ serviceName: '' }]);
});

test('times and durations without bigints are exact', () => {
  const random = createRandom(5);
  for (let i = 0; i < 500; i++) {
    const end =
      BigInt(1_767_225_600_000 + random.below(1e9)) * 1_000_000n + BigInt(random.below(1_000_000) * (i % 2));
    const start =
      end - BigInt(random.below(2 ** 31)) * BigInt(random.below(4_000_000)) + BigInt(random.below(3) * 50);
    const times = { startTimeUnixNano: String(start), endTimeUnixNano: String(end) };
    const bytes = fromJson('traces', {
      resourceSpans: [{ scopeSpans: [{ spans: [{ ...SPAN, ...times }] }] }],
    });
    walkSpans(bytes, {
      resource() {},
      span({ endTimeUnixMs, durationNanos }) {
        expect(endTimeUnixMs).toBe(Number(end / 1_000_000n));
        expect(durationNanos).toBe(end > start ? Number(end - start) : 0);
      },
    });
  }
});

test('malformed framing is refused', () => {
  for (const hex of ['0a05', '0a0412020a09', '0a06120412022801', '0a0012']) {
    expect(() => walk(Buffer.from(hex, 'hex'))).toThrow(OtlpFormatError);
  }
});
