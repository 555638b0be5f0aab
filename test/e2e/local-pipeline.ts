/** Local mode as scenarios see it: `npm start` as a process, read back through its own APIs, with destinations behind. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFakeLoki } from '@sluice/backends/testing/fake-loki';
import { createFakeMimir } from '@sluice/backends/testing/fake-mimir';
import { createFakeTempo } from '@sluice/backends/testing/fake-tempo';
import { DATA_FILE, DEFAULT_TENANT } from '@sluice/core/names';
import { systemClock } from '@sluice/core/ports/clock';
import { createRandom } from '@sluice/core/testing/random';
import { openDatabase } from '@sluice/platform/embedded/database';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { makeDataDir, removeDataDir, runCli, startLocalProcess } from './local-process.ts';
import { makeConfig, PASSING_FAULTS, type Pipeline } from './pipeline.ts';
import { findLogs, findTrace } from './pipeline-client.ts';
import { expectSpansFound } from './round-trip.ts';
import { startWebhook } from './webhook.ts';

const TICK_SECONDS = 1;
/** Between kills while everything strikes at random. */
const KILL_EVERY_MS = { least: 1_000, most: 3_000 };
const HTTP_FAULT_SHARE = 0.25;
const INFORMATION = /"level":"(?:debug|info)"/;

export async function startLocalPipeline(seed: number): Promise<Pipeline> {
  const random = createRandom(seed);
  const [tempo, loki, mimir, webhook] = await Promise.all([
    createFakeTempo({ seed }),
    createFakeLoki({ seed }),
    createFakeMimir({ seed }),
    startWebhook(),
  ]);
  const dataDir = makeDataDir();
  const config = makeConfig({
    webhookUrl: webhook.url,
    interval: `${TICK_SECONDS}s`,
    tenant: DEFAULT_TENANT,
  });
  const settings = {
    SLUICE_TICK_SECONDS: String(TICK_SECONDS),
    SLUICE_CONFIG_DIR: config,
    SLUICE_TEMPO_URL: tempo.url,
    SLUICE_LOKI_URL: loki.url,
    SLUICE_MIMIR_URL: `${mimir.url}/api/v1/push`,
  };
  let running = await startLocalProcess(settings, dataDir);
  // The same addresses after every start.
  const [SLUICE_INGEST_PORT, SLUICE_API_PORT] = [running.ingestUrl, running.apiUrl].map(
    (url) => new URL(url).port,
  ) as [string, string];
  const { ingestUrl, apiUrl } = running;
  const earlier: string[] = [];
  let kills = 0;
  let isHostile = false;
  let hostility: Promise<void> = Promise.resolve();

  async function kill(): Promise<void> {
    await running.end('SIGKILL');
    earlier.push(...running.errors);
    kills += 1;
    running = await startLocalProcess({ ...settings, SLUICE_INGEST_PORT, SLUICE_API_PORT }, dataDir);
  }
  async function strike(): Promise<void> {
    while (isHostile) {
      await sleep(KILL_EVERY_MS.least + random.below(KILL_EVERY_MS.most - KILL_EVERY_MS.least));
      if (isHostile) await kill();
    }
  }

  return {
    name: 'local',
    seed,
    ingestUrl,
    apiUrl,
    headers: {},
    tenant: DEFAULT_TENANT,
    tempo,
    loki,
    mimir,
    webhook,
    nowMs: Date.now,
    tick: () => sleep(250),
    cli: (...args) => runCli(args, { SLUICE_DATA_DIR: dataDir, SLUICE_API_URL: apiUrl }),
    async sendRaw(name, body) {
      const database = openDatabase({ path: join(dataDir, DATA_FILE.database) });
      const queue = createEmbeddedQueue({ database, name, clock: systemClock });
      const fifo = name.endsWith('.fifo') ? { groupId: 'poison', deduplicationId: randomUUID() } : {};
      const [outcome] = await queue.send([{ body, attributes: {}, ...fifo }]);
      await database.close();
      if (outcome?.status !== 'ok') throw new Error(outcome?.reason);
    },
    kill,
    setHostile(next) {
      for (const { faults } of [tempo, loki, mimir])
        faults.setRandom(next ? HTTP_FAULT_SHARE : 0, PASSING_FAULTS);
      isHostile = next;
      hostility = next ? strike() : hostility;
    },
    faults: () => ({
      kills,
      ...Object.fromEntries(
        [tempo, loki, mimir].flatMap(({ faults }) => [...faults.counts()].map(([k, n]) => [k, n])),
      ),
    }),
    complaints: () => [...earlier, ...running.errors].filter((line) => !INFORMATION.test(line)),
    async findSpans(traceId) {
      const trace = await findTrace(apiUrl, traceId);
      return (trace?.spans ?? []).map(({ spanID, operationName, references }) => ({
        spanId: spanID,
        name: operationName,
        parentSpanId: references.find(({ refType }) => refType === 'CHILD_OF')?.spanID ?? '',
      }));
    },
    findLines: (selection) => findLogs(apiUrl, selection),
    expectSpans: (bytes) => expectSpansFound(apiUrl, bytes),
    async [Symbol.asyncDispose]() {
      isHostile = false;
      await hostility;
      await running[Symbol.asyncDispose]();
      await Promise.all([tempo.close(), loki.close(), mimir.close(), webhook[Symbol.asyncDispose]()]);
      removeDataDir(dataDir);
      removeDataDir(config);
    },
  };
}
