/** Destinations that are down, that refuse, and messages that nobody can read: nothing is lost by any of them. */
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { expect } from 'vitest';
import type { Pipeline } from '../pipeline.ts';
import { countLogs, eventually, postOtlp, tracesIn } from '../pipeline-client.ts';
import type { Scenario } from './scenario.ts';

interface DeadLetters {
  readonly messages: number;
  readonly each: readonly { readonly id: string; readonly sink: string | null; readonly reason: string }[];
}

/** Too old for a Loki that takes half of it, and not for CloudWatch. */
const OLD_MS = 48 * 3_600_000;

export const DELIVERY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'destinations that are down keep their messages waiting, and get everything when they are back',
    isRough: true,
    async run(pipeline) {
      const { tempo, loki, ingestUrl, headers } = pipeline;
      const nowMs = Date.now();
      const traces = makeTraceRequest({ spans: 12, seed: pipeline.seed + 9100, nowMs });
      const logs = makeLogRequest({ records: 15, seed: pipeline.seed + 9101, nowMs });
      const wanted = spanIdsIn(traces);
      const hasSpans = (): boolean => {
        const found = new Set(tempo.spans().map(({ spanId }) => spanId));
        return wanted.every((id) => found.has(id));
      };
      const before = loki.entries().length;
      const tried = { tempo: tempo.requests(), loki: loki.requests() };
      for (const { faults } of [tempo, loki]) faults.setDown(true);
      expect(await postOtlp(ingestUrl, 'traces', traces, headers)).toBe(200);
      expect(await postOtlp(ingestUrl, 'logs', logs, headers)).toBe(200);
      await eventually('tries in vain', async () =>
        tempo.requests() > tried.tempo && loki.requests() > tried.loki ? true : undefined,
      );
      expect([hasSpans(), loki.entries().length]).toEqual([false, before]);
      for (const { faults } of [tempo, loki]) faults.setDown(false);
      await eventually('the spans', async () => (hasSpans() ? true : undefined), 60_000);
      await eventually(
        'the lines',
        async () => (loki.entries().length >= before + countLogs(logs) ? true : undefined),
        60_000,
      );
      expect((await deadLetters(pipeline)).messages).toBe(0);
    },
  },
  {
    name: 'what a destination refuses is listed with the reason, and arrives by a redrive once it is mended',
    isRough: true,
    async run(pipeline) {
      const { loki, ingestUrl, headers } = pipeline;
      const nowMs = Date.now();
      const [fresh, old] = [0, OLD_MS].map((ageMs, i) =>
        makeLogRequest({ records: 10, services: 1, seed: pipeline.seed + 9200 + i, nowMs: nowMs - ageMs }),
      ) as [Uint8Array, Uint8Array];
      const before = loki.entries().length;
      const usualMs = loki.limits.maxAgeMs;
      loki.limits.maxAgeMs = OLD_MS / 2;
      expect(await postOtlp(ingestUrl, 'logs', old, headers)).toBe(200);
      expect(await postOtlp(ingestUrl, 'logs', fresh, headers)).toBe(200);
      const listed = await eventually('the dead letter', async () => {
        const found = await deadLetters(pipeline);
        return found.messages > 0 ? found : undefined;
      });
      expect(listed).toMatchObject({
        messages: 1,
        each: [{ sink: 'loki', reason: expect.stringContaining('timestamp too old') }],
      });
      await eventually('the fresh lines', async () =>
        loki.entries().length >= before + 10 ? true : undefined,
      );
      loki.limits.maxAgeMs = usualMs;
      expect(await pipeline.cli('dlq', 'redrive', '--all')).toMatchObject({ code: 0 });
      await eventually('the old lines', async () =>
        loki.entries().length >= before + 20 ? true : undefined,
      );
      expect((await deadLetters(pipeline)).messages).toBe(0);
    },
  },
  {
    name: 'what nobody can read is put among the dead letters of its queue, and holds up nothing',
    isRough: true,
    async run(pipeline) {
      const queues = ['traces', 'logs', 'metrics', 'audit.fifo', 'notifications'];
      for (const name of queues) await pipeline.sendRaw(name, `poison ${name}`);
      const bytes = makeTraceRequest({ spans: 3, seed: pipeline.seed + 9300, nowMs: Date.now() });
      expect(await postOtlp(pipeline.ingestUrl, 'traces', bytes, pipeline.headers)).toBe(200);
      await expectInTempo(pipeline, bytes);
      await eventually('the dead letters', async () =>
        (await deadLetters(pipeline)).messages === queues.length ? true : undefined,
      );
      expect(await pipeline.cli('dlq', 'drop', '--all', '--yes')).toMatchObject({ code: 0 });
      expect((await deadLetters(pipeline)).messages).toBe(0);
    },
  },
];

async function deadLetters(pipeline: Pipeline, ...args: readonly string[]): Promise<DeadLetters> {
  const { code, stdout, stderr } = await pipeline.cli('dlq', 'list', '--each', '--json', ...args);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as DeadLetters;
}

async function expectInTempo({ tempo }: Pipeline, bytes: Uint8Array): Promise<void> {
  const wanted = spanIdsIn(bytes);
  await eventually('the spans in Tempo', async () => {
    const found = new Set(tempo.spans().map(({ spanId }) => spanId));
    return wanted.every((id) => found.has(id)) ? true : undefined;
  });
}

const spanIdsIn = (bytes: Uint8Array): readonly string[] => [...tracesIn(bytes).values()].flat();
