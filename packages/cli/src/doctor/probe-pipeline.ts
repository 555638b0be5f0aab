/** Sends a trace and a log record through a running pipeline and looks for both where people read them. */
import { describeError } from '@sluice/core/errors';
import type { Signal } from '@sluice/core/names';
import { ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { createApiClient } from '../api-client.ts';
import type { Io } from '../io.ts';
import { createPost } from '../send/post-request.ts';
import type { Check, CheckResult } from './check.ts';

const PATIENCE_MS = 15_000;
const POLL_MS = 250;
const SERVICE = 'sluice-doctor';

export interface ProbeTarget {
  readonly ingestUrl: string;
  readonly apiUrl: string;
}

export function probePipeline({ ingestUrl, apiUrl }: ProbeTarget): Check {
  return {
    name: 'probe',
    async run(io) {
      const traceId = hex(32, io.random);
      const spanId = hex(16, io.random);
      const api = createApiClient(io, apiUrl);
      return [
        await roundTrip({
          what: 'trace',
          signal: 'traces',
          ingestUrl,
          payload: traceOf(traceId, spanId, io.clock.nowMs()),
          isFound: async () => (await api.get(`/jaeger/api/traces/${traceId}`)).text.includes(spanId),
          io,
        }),
        await roundTrip({
          what: 'log record',
          signal: 'logs',
          ingestUrl,
          payload: logOf(traceId, spanId, io.clock.nowMs()),
          isFound: async () => {
            const query = new URLSearchParams({
              query: `{service="${SERVICE}"} |= "${traceId}"`,
              limit: '1',
              since: '1h',
            });
            const { status, text } = await api.get(`/loki/api/v1/query_range?${query}`);
            return status === 200 && text.includes(traceId);
          },
          io,
        }),
      ];
    },
  };
}

interface RoundTrip {
  readonly what: string;
  readonly signal: Signal;
  readonly ingestUrl: string;
  readonly payload: unknown;
  readonly isFound: () => Promise<boolean>;
  readonly io: Io;
}

async function roundTrip({
  what,
  signal,
  ingestUrl,
  payload,
  isFound,
  io,
}: RoundTrip): Promise<Omit<CheckResult, 'name'>> {
  const key = readText(io.env, ENV.key);
  const post = createPost({ url: ingestUrl, retryForMs: 5000, ...(key === undefined ? {} : { key }) }, io);
  const startMs = io.clock.nowMs();
  try {
    const outcome = await post({ signal, encoding: 'json', bytes: Buffer.from(JSON.stringify(payload)) });
    if (outcome.status !== 'accepted')
      return { status: 'fail', detail: `the ${what} was not accepted: ${outcome.reason}` };
    do {
      if (await isFound())
        return { status: 'ok', detail: `a ${what} was found again after ${io.clock.nowMs() - startMs} ms` };
      await io.clock.sleep(POLL_MS, io.signal);
    } while (io.clock.nowMs() - startMs < PATIENCE_MS && !io.signal.aborted);
  } catch (error) {
    return { status: 'fail', detail: `the ${what} did not come through: ${describeError(error)}` };
  }
  return {
    status: 'fail',
    detail: `the ${what} was accepted but not found within ${PATIENCE_MS / 1000} s`,
    remedy: '"sluice status" shows where it waits',
  };
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: SERVICE } }] };
const scope = { name: 'sluice doctor' };

function traceOf(traceId: string, spanId: string, nowMs: number) {
  const times = { startTimeUnixNano: `${nowMs - 1}000000`, endTimeUnixNano: `${nowMs}000000` };
  return {
    resourceSpans: [
      { resource, scopeSpans: [{ scope, spans: [{ traceId, spanId, name: 'probe', kind: 1, ...times }] }] },
    ],
  };
}

function logOf(traceId: string, spanId: string, nowMs: number) {
  const logRecords = [
    {
      timeUnixNano: `${nowMs}000000`,
      severityNumber: 9,
      severityText: 'INFO',
      body: { stringValue: `probe ${traceId}` },
      traceId,
      spanId,
    },
  ];
  return { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] };
}

function hex(digits: number, random: () => number): string {
  return Array.from({ length: digits }, () => Math.floor(1 + random() * 15).toString(16)).join('');
}
