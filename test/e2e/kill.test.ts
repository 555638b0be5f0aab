/**
 * The first promise: what was answered 200 is never lost, and nothing is stored twice, whenever the
 * process is killed. Twelve kills by default; `SLUICE_KILL_ROUNDS=200` for the long run.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageIdOf } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { DATA_FILE, DEFAULT_TENANT } from '@sluice/core/names';
import { createRandom } from '@sluice/core/testing/random';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { expect, test } from 'vitest';
import { makeDataDir, removeDataDir, startLocalProcess } from './local-process.ts';
import { findLogs, findTrace, postOtlp, tracesIn, untilDelivered } from './pipeline-client.ts';

const ROUNDS = Number(process.env.SLUICE_KILL_ROUNDS ?? 12);
const WORKERS = 4;
const ITEMS = 20;
const LATEST_KILL_MS = 600;
const MAX_LOOKUPS = 200;

interface Post {
  readonly signal: 'traces' | 'logs';
  readonly bytes: Uint8Array;
}

function makePost(seed: number): Post {
  const nowMs = Date.now();
  return seed % 2 === 0
    ? { signal: 'traces', bytes: makeTraceRequest({ spans: ITEMS, seed, nowMs }) }
    : { signal: 'logs', bytes: makeLogRequest({ records: ITEMS, seed, nowMs }) };
}

test(`${ROUNDS} kills under load lose nothing that was answered 200 and store nothing twice`, {
  timeout: 60_000 + ROUNDS * 6_000,
}, async () => {
  const random = createRandom(Number(process.env.SLUICE_KILL_SEED ?? 1));
  const dataDir = makeDataDir();
  const accepted: Post[] = [];
  let unanswered: Post[] = [];
  let nextSeed = 1;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await using pipeline = await startLocalProcess({ SLUICE_LOG_LEVEL: 'error' }, dataDir);
      const retries = unanswered.splice(0);
      const broken: Post[] = [];
      let running = true;
      // A client sends again what was not answered; then it goes on with something new.
      const load = Array.from({ length: WORKERS }, async () => {
        while (running) {
          const post = retries.pop() ?? makePost(nextSeed++);
          const status = await postOtlp(pipeline.ingestUrl, post.signal, post.bytes);
          if (status === 200) accepted.push(post);
          else broken.push(post);
          if (status === 0) return;
        }
      });
      await sleep(20 + random.below(LATEST_KILL_MS));
      await pipeline.end('SIGKILL');
      running = false;
      await Promise.all(load);
      unanswered = [...retries, ...broken];
    }

    await using pipeline = await startLocalProcess({}, dataDir);
    for (const post of unanswered) {
      expect(await postOtlp(pipeline.ingestUrl, post.signal, post.bytes)).toBe(200);
      accepted.push(post);
    }
    await untilDelivered(pipeline.apiUrl, 'traces');
    await untilDelivered(pipeline.apiUrl, 'logs');
    const sent = { traces: ofSignal(accepted, 'traces'), logs: ofSignal(accepted, 'logs') };
    expect(sent.traces.length).toBeGreaterThan(ROUNDS);
    expect(sent.logs.length).toBeGreaterThan(ROUNDS);
    await expectTracesFound(pipeline.apiUrl, sent.traces);
    const { code } = await pipeline.end('SIGTERM');
    expect(code).toBe(0);
    expectStoredOnce(dataDir, sent);
  } finally {
    removeDataDir(dataDir);
  }
});

function ofSignal(posts: readonly Post[], signal: Post['signal']): readonly Uint8Array[] {
  return posts.filter((post) => post.signal === signal).map(({ bytes }) => bytes);
}

/** A sample, evenly over the run, through the API that people use. */
async function expectTracesFound(apiUrl: string, requests: readonly Uint8Array[]): Promise<void> {
  const every = Math.max(1, Math.floor(requests.length / MAX_LOOKUPS));
  for (let at = 0; at < requests.length; at += every) {
    for (const [traceId, spanIds] of tracesIn(requests[at]!)) {
      const found = await findTrace(apiUrl, traceId);
      expect(found?.spans.map(({ spanID }) => spanID).sort()).toEqual([...spanIds].sort());
    }
  }
  expect((await findLogs(apiUrl, {})).length).toBeGreaterThan(100);
}

/** Looks into the data file itself: the APIs collapse repeats, and this is about there being none. */
function expectStoredOnce(
  dataDir: string,
  sent: Readonly<Record<Post['signal'], readonly Uint8Array[]>>,
): void {
  const db = new DatabaseSync(join(dataDir, DATA_FILE.database), { readOnly: true });
  const idsIn = (table: string, column: string): readonly string[] =>
    db
      .prepare(`SELECT hex(${column}) AS id FROM ${table} ORDER BY id`)
      .all()
      .map(({ id }) => String(id).toLowerCase());
  const totalOf = (sql: string): number => Number(db.prepare(sql).get()!.total);
  try {
    expect(idsIn('trace_message', 'message_id')).toEqual(idsOf('traces', sent.traces));
    expect(totalOf('SELECT sum(spans) AS total FROM trace_message')).toBe(sent.traces.length * ITEMS);
    expect(idsIn('log_messages', 'id')).toEqual(idsOf('logs', sent.logs));
    expect(totalOf('SELECT sum(lines) AS total FROM log_chunks WHERE replaced_at_ms IS NULL')).toBe(
      sent.logs.length * ITEMS,
    );
  } finally {
    db.close();
  }
}

function idsOf(signal: Post['signal'], requests: readonly Uint8Array[]): readonly string[] {
  const tenant = parseTenantId(DEFAULT_TENANT);
  return requests.map((bytes) => messageIdOf(tenant, signal, bytes) as string).sort();
}
