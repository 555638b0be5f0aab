/** Posts of all four kinds by several clients at once, each sent again until it is taken; and the ledger of it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createRandom } from '@sluice/core/testing/random';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import type { Pipeline } from '../pipeline.ts';
import { tracesIn } from '../pipeline-client.ts';
import { encodeCounts } from './counters.ts';

export interface Load {
  /** Of its counter and of its audit events. */
  readonly name: string;
  readonly sent: Ledger;
  /** When everything was taken. @throws when something never is */
  readonly done: Promise<void>;
}

export interface Ledger {
  readonly spanIds: string[];
  /** Bodies of log records. */
  readonly texts: string[];
  readonly events: string[];
  count: number;
}

export interface LoadShape {
  readonly name: string;
  readonly posts: number;
  readonly workers: number;
}

interface Post {
  readonly path: string;
  readonly type: string;
  readonly body: Uint8Array;
  note(): void;
}

const KINDS = ['traces', 'logs', 'metrics', 'audit'] as const;
const ITEMS = 8;
const MAX_TRIES = 500;

type Target = Pick<Pipeline, 'ingestUrl' | 'headers' | 'nowMs' | 'seed'>;

export function createLoad(pipeline: Target, { name, posts, workers }: LoadShape): Load {
  const sent: Ledger = { spanIds: [], texts: [], events: [], count: 0 };
  const random = createRandom(pipeline.seed);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < posts) {
      const index = next++;
      const kind = KINDS[index % KINDS.length]!;
      const post = makePost(kind, { name, index, value: 1 + random.below(50), sent, pipeline });
      await postUntilTaken(pipeline, post);
      post.note();
    }
  };
  const done = Promise.all(Array.from({ length: workers }, work)).then(() => {});
  // Whoever waits for it later hears of it then.
  done.catch(() => {});
  return { name, sent, done };
}

interface PostOptions {
  readonly name: string;
  readonly index: number;
  readonly value: number;
  readonly sent: Ledger;
  readonly pipeline: Target;
}

function makePost(kind: (typeof KINDS)[number], options: PostOptions): Post {
  const { name, index, value, sent, pipeline } = options;
  const json = { type: 'application/json' };
  const encode = (body: object | string): Uint8Array =>
    Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  switch (kind) {
    case 'traces': {
      const seed = hash(`${name}/${index}`);
      const body = makeTraceRequest({ spans: ITEMS, seed, nowMs: Date.now() });
      const ids = [...tracesIn(body).values()].flat();
      return {
        path: '/v1/traces',
        type: 'application/x-protobuf',
        body,
        note: () => void sent.spanIds.push(...ids),
      };
    }
    case 'logs': {
      const texts = Array.from({ length: ITEMS }, (_, i) => `load-record-${name}-${index}-${i}`);
      const nowNs = BigInt(Date.now()) * 1_000_000n;
      const logRecords = texts.map((stringValue, i) => ({
        timeUnixNano: String(nowNs + BigInt(i)),
        severityNumber: 9,
        body: { stringValue },
      }));
      const body = encode({ resourceLogs: [{ resource: LOADED, scopeLogs: [{ logRecords }] }] });
      return { path: '/v1/logs', ...json, body, note: () => void sent.texts.push(...texts) };
    }
    case 'metrics': {
      const counts = [{ value, attributes: { worker: String(index % 3) } }];
      // Every post is a process of its own, so that no two have the same bytes.
      const resource = { 'service.name': 'loaded', 'service.instance.id': String(index) };
      const body = encode(
        encodeCounts({ metric: name, temporality: 1, counts, resource, nowMs: pipeline.nowMs() }),
      );
      return {
        path: '/v1/metrics',
        ...json,
        body,
        note: () => {
          sent.count += value;
        },
      };
    }
    case 'audit': {
      const id = `${name}-${index}`;
      const body = encode({ id, type: name, action: id, actor: { id: `u${index % 5}` } });
      return { path: '/v1/audit', ...json, body, note: () => void sent.events.push(id) };
    }
  }
}

const LOADED = { attributes: [{ key: 'service.name', value: { stringValue: 'loaded' } }] };

/** As SDKs do: whatever was not answered 200 may have been taken or not, and is sent again as it was. */
async function postUntilTaken({ ingestUrl, headers }: Target, { path, type, body }: Post): Promise<void> {
  let last = '';
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      const response = await fetch(`${ingestUrl}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': type, 'content-encoding': 'gzip' },
        body: gzipSync(body),
      });
      last = `${response.status} ${await response.text()}`;
      if (response.status === 200) return;
      if (response.status < 500 && response.status !== 429) break;
    } catch (error) {
      last = String(error);
    }
    await sleep(20 + 5 * tries);
  }
  throw new Error(`${path} was never taken: ${last}`);
}

/** 32 bits of a text. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ char.codePointAt(0)!, 0x01000193);
  return value >>> 0;
}
