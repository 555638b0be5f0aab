/** What every endpoint must take: all signals, both encodings, every field, and nothing at all. */
import { SIGNALS, type Signal } from '@sluice/core/names';
import { type ConformanceCase, post, postJson, type Theme } from '../conformance-case.ts';
import { ENCODINGS, type Encoding, expectExport } from '../expect-answer.ts';
import { fullJsonRequest, jsonRequest, soundJsonRequest } from '../json-payloads.ts';
import {
  everyKindOfMetric,
  FULL_ITEMS,
  ITEM,
  request,
  resource,
  soundRequest,
} from '../protobuf-payloads.ts';
import type { Answer, Target } from '../target.ts';
import { join, len, uint } from '../wire.ts';

type Body = (signal: Signal, encoding: Encoding) => Uint8Array | string;

/** One case for each signal and encoding. */
function everywhere(sentence: string, body: Body): readonly ConformanceCase[] {
  return SIGNALS.flatMap((signal) =>
    ENCODINGS.map((encoding) => ({
      name: `${sentence} (${signal}, ${encoding})`,
      basis: 'spec' as const,
      run: async (target: Target) => {
        const answer = await post(target, body(signal, encoding), { signal, encoding });
        expectExport(answer, { signal, encoding, says: 'none' });
      },
    })),
  );
}

const inBoth =
  (protobuf: (signal: Signal) => Uint8Array, json: (signal: Signal) => object): Body =>
  (signal, encoding) =>
    encoding === 'protobuf' ? protobuf(signal) : JSON.stringify(json(signal));

const TOP = { traces: 'resourceSpans', logs: 'resourceLogs', metrics: 'resourceMetrics' } as const;
const SCOPES = { traces: 'scopeSpans', logs: 'scopeLogs', metrics: 'scopeMetrics' } as const;

async function twice(target: Target, body: Uint8Array): Promise<readonly Answer[]> {
  return [await post(target, body), await post(target, body)];
}

export const success: Theme = {
  name: 'success',
  cases: [
    ...everywhere(
      'one item is answered 200 with an empty export response',
      inBoth(
        (signal) => soundRequest(signal),
        (signal) => soundJsonRequest(signal),
      ),
    ),
    ...everywhere(
      'an item with every field set is taken',
      inBoth(
        (signal) => request(...FULL_ITEMS[signal]()),
        (signal) => fullJsonRequest(signal),
      ),
    ),
    ...everywhere(
      'an empty request is taken',
      inBoth(
        () => Buffer.alloc(0),
        () => ({}),
      ),
    ),
    ...everywhere(
      'a request whose list of resources is empty or holds an empty one is taken',
      inBoth(
        () => len(1),
        (signal) => ({ [TOP[signal]]: [] }),
      ),
    ),
    ...everywhere(
      'a resource without scopes is taken',
      inBoth(
        () => len(1, len(1, resource())),
        (signal) => ({ [TOP[signal]]: [{ resource: { attributes: [] } }] }),
      ),
    ),
    ...everywhere(
      'a scope without items is taken',
      inBoth(
        () => len(1, len(1, resource()), len(2, len(1))),
        (signal) => ({ [TOP[signal]]: [{ resource: {}, [SCOPES[signal]]: [{ scope: {} }] }] }),
      ),
    ),
    ...everywhere(
      'items without a resource and without a scope are taken',
      inBoth(
        (signal) => len(1, len(2, len(2, ITEM[signal]()))),
        (signal) => {
          const [full] = (soundJsonRequest(signal) as Record<string, Record<string, unknown>[]>)[
            TOP[signal]
          ]!;
          return { [TOP[signal]]: [{ [SCOPES[signal]]: full![SCOPES[signal]] }] };
        },
      ),
    ),
    ...everywhere(
      'a thousand items are taken',
      inBoth(
        (signal) => soundRequest(signal, 1000),
        (signal) => soundJsonRequest(signal, 1000),
      ),
    ),
    ...everywhere(
      'several resources and scopes in one request are taken',
      inBoth(
        (signal) => join(...Array.from({ length: 20 }, () => soundRequest(signal, 3))),
        (signal) => ({
          [TOP[signal]]: Array.from(
            { length: 20 },
            () => (soundJsonRequest(signal, 3) as Record<string, unknown[]>)[TOP[signal]]![0],
          ),
        }),
      ),
    ),
    ...everywhere(
      'schema URLs on resource and scope are taken',
      inBoth(
        (signal) => {
          const url = len(3, 'https://opentelemetry.io/schemas/1.30.0');
          return len(1, len(1, resource()), len(2, len(2, ITEM[signal]()), url), url);
        },
        (signal) => {
          const schemaUrl = 'https://opentelemetry.io/schemas/1.30.0';
          const [full] = (soundJsonRequest(signal) as Record<string, Record<string, unknown>[]>)[
            TOP[signal]
          ]!;
          const [scope] = full![SCOPES[signal]] as object[];
          return { [TOP[signal]]: [{ ...full, schemaUrl, [SCOPES[signal]]: [{ ...scope, schemaUrl }] }] };
        },
      ),
    ),
    ...everyKindOfMetric().map((item, index) => ({
      name: `a metric of kind ${['gauge', 'sum', 'histogram', 'exponential histogram', 'summary'][index]} is taken`,
      basis: 'spec' as const,
      run: async (target: Target) =>
        expectExport(await post(target, request(item), { signal: 'metrics' }), {
          signal: 'metrics',
          says: 'none',
        }),
    })),
    ...SIGNALS.map((signal) => ({
      name: `fields that a newer OTLP may have are skipped, deep in the message (${signal})`,
      basis: 'spec' as const,
      run: async (target: Target) => {
        const item = join(ITEM[signal](), uint(99, 7), len(100, 'later'));
        const body = len(1, len(1, resource()), len(2, len(2, item), len(98, 'later')), uint(97, 1));
        expectExport(await post(target, body, { signal }), { signal });
      },
    })),
    {
      name: 'fields in any order are taken',
      basis: 'spec',
      async run(target) {
        const body = len(
          1,
          len(3, 'schema'),
          len(2, len(3, 'schema'), len(2, ITEM.traces()), len(1)),
          len(1, resource()),
        );
        expectExport(await post(target, body), { says: 'none' });
      },
    },
    {
      name: 'the same request sent twice is taken twice, as a retry after a lost answer is',
      basis: 'spec',
      async run(target) {
        for (const answer of await twice(target, soundRequest('traces', 3))) expectExport(answer);
      },
    },
    {
      name: 'the same span twice in one request is taken',
      basis: 'spec',
      async run(target) {
        const one = ITEM.traces();
        expectExport(await post(target, request(one, one)));
      },
    },
    {
      name: 'a success in JSON is an object without partialSuccess',
      basis: 'spec',
      async run(target) {
        expectExport(await postJson(target, soundJsonRequest('traces')), { encoding: 'json', says: 'none' });
      },
    },
    {
      name: 'an empty item list in JSON is taken for every signal',
      basis: 'spec',
      async run(target) {
        for (const signal of SIGNALS) {
          expectExport(await postJson(target, jsonRequest(signal), signal), { signal, encoding: 'json' });
        }
      },
    },
  ],
};
