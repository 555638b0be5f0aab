/** One case: a sentence that holds of a conforming endpoint, and how to find out whether it does. */
import type { Signal } from '@sluice/core/names';
import { CONTENT_TYPE, type Encoding } from './expect-answer.ts';
import type { Json } from './json-payloads.ts';
import { type Answer, pathOf, type Target } from './target.ts';

export interface ConformanceCase {
  /** A sentence. */
  readonly name: string;
  /** `spec`: OTLP or HTTP demands it. `promise`: Sluice goes beyond, others need not. */
  readonly basis: 'spec' | 'promise';
  /** The endpoints it is about; default all. */
  readonly only?: 'keyed' | 'keyless';
  /** Throws when the sentence does not hold. */
  run(target: Target): Promise<Skipped | undefined> | Promise<void>;
}

/** The endpoint has not what the case is about. */
export interface Skipped {
  readonly skipped: string;
}

export interface Theme {
  readonly name: string;
  readonly cases: readonly ConformanceCase[];
}

interface PostOptions {
  readonly signal?: Signal;
  readonly encoding?: Encoding;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts a body under the content type of its encoding. */
export function post(target: Target, body: Uint8Array | string, options: PostOptions = {}): Promise<Answer> {
  const { signal = 'traces', encoding = 'protobuf', headers = {} } = options;
  return target.send({
    path: pathOf(signal),
    headers: { 'content-type': CONTENT_TYPE[encoding], ...headers },
    body,
  });
}

export function postJson(target: Target, json: Json, signal: Signal = 'traces'): Promise<Answer> {
  return post(target, JSON.stringify(json), { signal, encoding: 'json' });
}
