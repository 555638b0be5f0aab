/**
 * Under load, with all that may go wrong going wrong at random: what was accepted arrives, spans and log records at
 * least once, counts and audit events exactly once. `SLUICE_FAULT_ROUNDS=20` for the long run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '@sluice/core/testing/random';
import { expect } from 'vitest';
import { eventuallyAtTick, type Pipeline, queryValue } from '../pipeline.ts';
import { eventually } from '../pipeline-client.ts';
import { auditEvents, callAudit } from './audit-client.ts';
import { createLoad, type Load } from './load.ts';
import type { Scenario } from './scenario.ts';

const ROUNDS = Number(process.env.SLUICE_FAULT_ROUNDS ?? 1);
const KILLS = 4;
const ARRIVES_MS = 120_000;

export const FAULT_SCENARIOS: readonly Scenario[] = [
  {
    name: `${KILLS} kills under load lose nothing that was accepted, and count nothing twice`,
    isRough: true,
    async run(pipeline) {
      const random = createRandom(pipeline.seed);
      const load = createLoad(pipeline, { name: `kills_${pipeline.seed}`, posts: 40, workers: 4 });
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(100 + random.below(500));
        await pipeline.kill();
      }
      await load.done;
      await expectArrived(pipeline, load);
    },
  },
  {
    name: `random faults under load (rounds: ${ROUNDS}) lose nothing that was accepted, and count nothing twice`,
    isRough: true,
    async run(pipeline) {
      for (let round = 0; round < ROUNDS; round++) {
        const before = pipeline.faults();
        pipeline.setHostile(true);
        const name = `faults_${pipeline.seed}_${round}`;
        const load = createLoad(pipeline, { name, posts: 80, workers: 4 });
        // The pipeline's own work goes on meanwhile.
        let isDone = false;
        const ticking = (async () => {
          while (!isDone) await Promise.all([pipeline.tick(), sleep(1_000)]);
        })();
        await load.done;
        await eventually('faults of several kinds', async () =>
          Object.entries(pipeline.faults()).filter(([kind, count]) => count > (before[kind] ?? 0)).length >= 3
            ? true
            : undefined,
        );
        isDone = true;
        await ticking;
        pipeline.setHostile(false);
        await expectArrived(pipeline, load);
      }
    },
  },
];

async function expectArrived(pipeline: Pipeline, { name, sent }: Load): Promise<void> {
  const { spanIds, texts, count, events } = sent;
  expect([spanIds.length > 20, texts.length > 20, count > 20, events.length > 5]).toEqual(
    Array(4).fill(true),
  );
  await eventually(
    'all spans',
    async () => {
      const found = new Set(pipeline.tempo.spans().map(({ spanId }) => spanId));
      return spanIds.every((id) => found.has(id)) ? true : undefined;
    },
    ARRIVES_MS,
  );
  await eventually(
    'all log records',
    async () => {
      const lines = pipeline.loki.entries().map(({ line }) => line);
      const found = new Set(lines.map((line) => /load-record-\S+?(?=["\s])/.exec(line)?.[0]));
      return texts.every((text) => found.has(text)) ? true : undefined;
    },
    ARRIVES_MS,
  );
  await eventually(
    'all audit events',
    async () => ((await auditEvents(pipeline, name)).length >= events.length ? true : undefined),
    ARRIVES_MS,
  );
  const sum = (): Promise<number | undefined> => queryValue(pipeline, `sum(${name}_total)`);
  await eventuallyAtTick(
    pipeline,
    `the count of ${count}`,
    async () => (((await sum()) ?? 0) >= count ? true : undefined),
    80,
  );
  // Whatever comes twice has come by then.
  for (let i = 0; i < 3; i++) await pipeline.tick();
  expect(await sum()).toBe(count);
  const recorded = (await auditEvents(pipeline, name)).map(({ action }) => action);
  expect(recorded.sort()).toEqual([...events].sort());
  const verdict = await callAudit(pipeline, 'POST', '/verify');
  expect(verdict).toMatchObject({ status: 200, body: { ok: true, findings: [] } });
}
