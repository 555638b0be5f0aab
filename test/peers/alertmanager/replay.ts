/** The events of one case, as they really happened, through Sluice's routing on a fake clock. */
import { loadAlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { openAlertingState, postAlerts, putSilence } from '@sluice/alerting/notify/alerting-state';
import { decodeJob } from '@sluice/alerting/notify/notify-job';
import { runRouteTick } from '@sluice/alerting/notify/route-tick';
import { runNotifyJob } from '@sluice/alerting/notify/run-notify-job';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import type { ReceivedHook, WebhookBody } from './hook-server.ts';
import type { Labels } from './random-case.ts';

/** What was posted, when. */
export type RealEvent = { readonly atMs: number } & (
  | {
      readonly kind: 'alert';
      readonly alert: { labels: Labels; annotations: Labels; startsAtMs?: number; endsAtMs?: number };
    }
  | {
      readonly kind: 'silence';
      readonly silence: {
        matchers: readonly { name: string; value: string; isRegex: boolean; isEqual: boolean }[];
        startsAtMs: number;
        endsAtMs: number;
      };
    }
);

export async function replay(
  source: string,
  events: readonly RealEvent[],
  { startMs, endMs, tickMs }: { readonly startMs: number; readonly endMs: number; readonly tickMs: number },
): Promise<readonly ReceivedHook[]> {
  const clock = createFakeClock(startMs);
  const database = createMemoryDatabase();
  const table = createEmbeddedTable({ database, name: 'alerting', clock });
  const queue = createEmbeddedQueue({ database, name: 'notifications', clock, maxReceiveCount: 100 });
  const state = openAlertingState(table, 'default');
  const received: ReceivedHook[] = [];
  const hook: typeof fetch = (input, init) => {
    const path = new URL(String(input)).pathname;
    received.push({ path, atMs: clock.nowMs(), body: JSON.parse(String(init?.body)) as WebhookBody });
    return Promise.resolve(new Response('', { status: 200 }));
  };
  const folder = { read: () => undefined, glob: () => [] };
  const { setup, problems } = loadAlertingSetup(source, folder, {
    references: { env: {}, secrets: new Map() },
    fetch: hook,
    random: () => 0.5,
  });
  if (setup === undefined) throw new Error(`${JSON.stringify(problems)}\n${source}`);
  const { config, integrationOf } = setup;
  const waiting = [...events];
  for (let nowMs = startMs; nowMs < endMs; nowMs += tickMs) {
    while (waiting.length > 0 && waiting[0]!.atMs <= nowMs) {
      const event = waiting.shift()!;
      clock.set(event.atMs);
      if (event.kind === 'alert')
        await postAlerts(state, [{ generatorUrl: '', ...event.alert }], {
          nowMs: event.atMs,
          resolveTimeoutMs: config.resolveTimeoutMs,
        });
      else await putSilence(state, { ...event.silence, createdBy: 'test', comment: '' }, { clock });
    }
    clock.set(nowMs);
    if (waiting.length === events.length) continue;
    const { notificationsQueued } = await runRouteTick({ state, config, queue, nowMs });
    if (notificationsQueued === 0) continue;
    const messages = await receiveAll(queue);
    for (const { body, receiptHandle } of messages) {
      await runNotifyJob(decodeJob(body), 1, {
        state,
        config,
        integrationOf,
        externalUrl: 'http://sluice.test',
        nowMs: clock.nowMs,
        signal: new AbortController().signal,
      });
      await queue.delete([receiptHandle]);
    }
  }
  await database.close();
  return received;
}

async function receiveAll(queue: ReturnType<typeof createEmbeddedQueue>) {
  const all = [];
  for (;;) {
    const batch = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 30_000, waitMs: 0 });
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}
