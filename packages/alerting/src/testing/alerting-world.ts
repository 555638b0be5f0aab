/** Routing with everything around it in memory: a table, a queue, a clock, and a receiver that records. */
import type { Queue, ReceivedMessage } from '@sluice/core/ports/queue';
import type { Table } from '@sluice/core/ports/table';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { type AlertmanagerConfig, loadAlertmanagerConfig } from '../config/alertmanager-config.ts';
import type { LabelSet } from '../model/label-set.ts';
import { type AlertingState, openAlertingState, postAlerts } from '../notify/alerting-state.ts';
import { decodeJob } from '../notify/notify-job.ts';
import { runRouteTick } from '../notify/route-tick.ts';
import { type NotifyResult, runNotifyJob } from '../notify/run-notify-job.ts';
import { createRecordingReceiver, type RecordingReceiver } from './recording-receiver.ts';

export const WORLD_START_MS = Date.UTC(2026, 0, 1);

export interface AlertingWorld {
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly state: AlertingState;
  readonly config: AlertmanagerConfig;
  readonly receiver: RecordingReceiver;
  readonly queue: Queue;
  readonly table: Table;
  fire(
    labels: LabelSet,
    options?: { readonly startsAtMs?: number; readonly endsAtMs?: number },
  ): Promise<void>;
  resolve(labels: LabelSet): Promise<void>;
  /** Routes, then works off the queue. */
  tick(): Promise<readonly NotifyResult[]>;
  work(): Promise<readonly NotifyResult[]>;
  /** Ticks every `stepMs` for so long. */
  run(durationMs: number, stepMs?: number): Promise<void>;
}

export interface WorldOptions {
  readonly wrapTable?: (table: Table) => Table;
  readonly wrapQueue?: (queue: Queue) => Queue;
}

export function createAlertingWorld(source: string, options: WorldOptions = {}): AlertingWorld {
  const clock = createFakeClock(WORLD_START_MS);
  const database = createMemoryDatabase();
  const table = (options.wrapTable ?? ((same) => same))(
    createEmbeddedTable({ database, name: 'alerting', clock }),
  );
  const queue = (options.wrapQueue ?? ((same) => same))(
    createEmbeddedQueue({ database, name: 'notifications', clock, maxReceiveCount: 1_000 }),
  );
  const state = openAlertingState(table, 'default');
  const receiver = createRecordingReceiver();
  const loaded = loadAlertmanagerConfig(source, {
    file: 'alertmanager.yml',
    references: { env: {}, secrets: new Map() },
    kinds: [receiver.kind],
  });
  if (loaded.value === undefined) throw new Error(JSON.stringify(loaded.problems));
  const config = loaded.value;
  const integration = receiver.kind.create({ send_resolved: true }, undefined as never);
  const post = (labels: LabelSet, times: { startsAtMs?: number; endsAtMs?: number }): Promise<void> =>
    postAlerts(state, [{ labels, annotations: {}, generatorUrl: '', ...times }], {
      nowMs: clock.nowMs(),
      resolveTimeoutMs: config.resolveTimeoutMs,
    });
  const deliver = async (message: ReceivedMessage): Promise<NotifyResult> => {
    const result = await runNotifyJob(decodeJob(message.body), message.receiveCount, {
      state,
      config,
      integrationOf: () => integration,
      externalUrl: 'http://sluice.test',
      nowMs: clock.nowMs,
      signal: new AbortController().signal,
    });
    if (result.status === 'again') await queue.changeVisibility(message.receiptHandle, result.retryAfterMs);
    else await queue.delete([message.receiptHandle]);
    return result;
  };
  const world: AlertingWorld = {
    clock,
    state,
    config,
    receiver,
    queue,
    table,
    fire: (labels, times = {}) => post(labels, { endsAtMs: clock.nowMs() + 86_400_000, ...times }),
    resolve: (labels) => post(labels, { startsAtMs: clock.nowMs() - 1, endsAtMs: clock.nowMs() }),
    async tick() {
      await runRouteTick({ state, config, queue, nowMs: clock.nowMs() });
      return world.work();
    },
    async work() {
      const results: NotifyResult[] = [];
      for (;;) {
        const messages = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 30_000, waitMs: 0 });
        if (messages.length === 0) return results;
        for (const message of messages) results.push(await deliver(message));
      }
    },
    async run(durationMs, stepMs = 1_000) {
      for (let passed = 0; passed < durationMs; passed += stepMs) {
        await clock.advance(stepMs);
        await world.tick();
      }
    },
  };
  return world;
}
