/**
 * Random and damaged requests of one signal through the wire walker and the decoders, against a full
 * decoder (@bufbuild/protobuf) and an independent framing check.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Signal } from '@sluice/core/names';
import { createRandom } from '@sluice/core/testing/random';
import { decodeLogs } from '../decode-logs.ts';
import { decodeMetrics } from '../decode-metrics.ts';
import { decodeTraces } from '../decode-traces.ts';
import { toJsonRequest } from '../encode-json.ts';
import { OtlpFormatError } from '../format-error.ts';
import { REQUEST_SCHEMA } from '../schema.ts';
import { validateRequest } from '../validate.ts';
import { decodeWithOracle } from './descriptors.ts';
import { isTakenRecord, isTakenSpan, takeMetric } from './item-rules.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { toOracleJson } from './oracle-json.ts';
import { toModelLogs, toModelMetrics, toModelSpans } from './oracle-model.ts';
import { makeRandomMessage } from './random-message.ts';
import { findFramingFault } from './strict-framing.ts';

export interface FuzzOptions {
  readonly signal: Signal;
  readonly runs: number;
  readonly seed: number;
}

/** How many inputs ended in which way. */
export type FuzzTally = Readonly<Record<Outcome, number>>;

type Outcome = 'sound' | 'malformed' | 'cut' | 'wrongSignal';

const MUTANTS_PER_SEED = 9;
const NOW_MS = Date.UTC(2026, 0, 1);

const DECODERS = { traces: decodeTraces, logs: decodeLogs, metrics: decodeMetrics } as const;
const MODELS = { traces: toModelSpans, logs: toModelLogs, metrics: toModelMetrics } as const;

/** @throws with the input in hex when any two of the readers disagree. */
export function fuzzReaders({ signal, runs, seed }: FuzzOptions): FuzzTally {
  const random = createRandom(seed);
  const tally = { sound: 0, malformed: 0, cut: 0, wrongSignal: 0 };
  for (let run = 0; run < runs; ) {
    const message = makeRandomMessage(REQUEST_SCHEMA[signal], random, { faults: true });
    for (let i = 0; i <= MUTANTS_PER_SEED && run < runs; i++, run++) {
      tally[compare(signal, i === 0 ? message : mutateBytes(message, random))]++;
    }
  }
  return tally;
}

function compare(signal: Signal, bytes: Uint8Array): Outcome {
  const oracle = attempt(() => decodeWithOracle(signal, bytes), Error);
  const framingFault = findFramingFault(REQUEST_SCHEMA[signal], bytes);
  const decoded = attempt(() => DECODERS[signal](bytes), OtlpFormatError);
  const json = attempt(() => toJsonRequest(signal, bytes), OtlpFormatError);
  const validation = validateRequest(signal, bytes, { nowMs: NOW_MS });
  const isMalformed = oracle instanceof Error || framingFault !== undefined;

  const disagree = (what: string): never => {
    const reason = `oracle: ${oracle instanceof Error ? oracle.message : 'sound'}; framing: ${framingFault ?? 'sound'}`;
    throw new Error(`${what} (${reason}) for ${signal} ${Buffer.from(bytes).toString('hex')}`);
  };
  if (decoded instanceof Error !== isMalformed) disagree(`the decoder differs: ${decoded}`);
  if (json instanceof Error !== isMalformed) disagree(`the JSON encoder differs: ${json}`);
  if (validation.status === 'wrong-signal') return 'wrongSignal';
  if ((validation.status === 'malformed') !== isMalformed) {
    disagree(`the walker differs: ${JSON.stringify({ ...validation, bytes: undefined })}`);
  }
  if (isMalformed || validation.status === 'malformed') return 'malformed';

  const model = MODELS[signal](oracle);
  if (!isDeepStrictEqual(decoded, model)) disagree('the decoded values differ');
  if (!isDeepStrictEqual(json, toOracleJson(REQUEST_SCHEMA[signal], oracle))) disagree('the JSON differs');
  const total = countItems(signal, model);
  if (validation.items + validation.rejected !== total) {
    disagree(`${validation.items} + ${validation.rejected} items, the full decoder sees ${total}`);
  }
  const taken = takeItems(signal, model);
  if (validation.items !== countItems(signal, taken))
    disagree(`${validation.items} items taken, by the rules ${countItems(signal, taken)}`);
  if (validation.rejected === 0) {
    if (validation.bytes !== bytes) disagree('the bytes were copied though nothing was cut');
    return 'sound';
  }
  if (!isDeepStrictEqual(DECODERS[signal](validation.bytes), taken)) {
    disagree('what is left after the cut differs');
  }
  return 'cut';
}

function attempt<T, E extends Error>(work: () => T, expected: new (message: string) => E): T | E {
  try {
    return work();
  } catch (error) {
    if (error instanceof expected) return error;
    throw error;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the three models have the same nesting
type Model = any;

function itemsOf(scope: Model): readonly Model[] {
  return scope.spans ?? scope.records ?? scope.metrics;
}

function countItems(signal: Signal, model: Model): number {
  let count = 0;
  for (const { scopes } of model) {
    for (const scope of scopes) {
      for (const item of itemsOf(scope)) count += signal === 'metrics' ? item.data.points.length : 1;
    }
  }
  return count;
}

function takeItems(signal: Signal, model: Model): Model {
  return model.map((resource: Model) => ({
    ...resource,
    scopes: resource.scopes.map((scope: Model) => {
      if (signal === 'traces') return { ...scope, spans: scope.spans.filter(isTakenSpan) };
      if (signal === 'logs') return { ...scope, records: scope.records.filter(isTakenRecord) };
      return { ...scope, metrics: scope.metrics.flatMap((metric: Model) => takeMetric(metric) ?? []) };
    }),
  }));
}
