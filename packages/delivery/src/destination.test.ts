import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import type { PushResult } from '@sluice/core/ports/sink';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { expect, test } from 'vitest';
import { createDestination } from './destination.ts';
import { createScriptedSink } from './testing/scripted-sink.ts';
import type { Unit } from './unit.ts';

test.each<[PushResult, number]>([
  [{ status: 'ok' }, 7],
  [{ status: 'ok', items: 2 }, 2],
  [{ status: 'ok', items: 0 }, 0],
  [{ status: 'retryable', reason: 'down' }, 0],
])('after %j of seven items so many count as delivered: %i', async (answer, delivered) => {
  const selfMetrics = createSelfMetrics();
  const sink = { ...createScriptedSink({ name: 'audit' }), push: async () => answer };
  const destination = createDestination(sink, {
    signal: 'logs',
    clock: createFakeClock(),
    selfMetrics,
    logger: silentLogger,
  });
  const units = [3, 4].map((items) => ({ part: { items } }) as Unit);
  await destination.push(parseTenantId('default'), units, new AbortController().signal);
  const line = `sluice_delivery_items_total{signal="logs",sink="audit"} ${delivered}\n`;
  expect((await selfMetrics.render()).includes(line) || delivered === 0).toBe(true);
  if (delivered === 0)
    expect(await selfMetrics.render()).not.toMatch(/sluice_delivery_items_total\{.*\} [1-9]/);
});
