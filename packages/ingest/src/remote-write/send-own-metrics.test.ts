import { decodeEnvelope } from '@sluice/core/envelope';
import { inflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { DEFAULT_METRICS_SETTINGS } from '@sluice/metrics/metrics-settings';
import { translateMetrics } from '@sluice/metrics/translate/translate-metrics';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { expect, test } from 'vitest';
import { createMemoryQueue } from '../testing/memory-queue.ts';
import { createOwnMetricsSender } from './send-own-metrics.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

test('what the pipeline counts of itself comes out as the series that /metrics shows', async () => {
  const selfMetrics = createSelfMetrics();
  const queue = createMemoryQueue('metrics');
  const send = createOwnMetricsSender({
    selfMetrics,
    queue,
    tenant: parseTenantId('default'),
    labels: { job: 'sluice', instance: 'local' },
    startMs: NOW_MS - 60_000,
  });
  await send(NOW_MS);
  expect(queue.sent).toEqual([]);
  selfMetrics.counter('requests_total', 'Requests.').add(3, { path: 'a"b\\c\nd' });
  selfMetrics.gauge('depth', 'Depth.').set(-1.5);
  selfMetrics.histogram('seconds', 'Time.', [1]).observe(0.5);
  await send(NOW_MS);
  const envelope = decodeEnvelope(queue.sent[0]!);
  const { points, rejected } = translateMetrics(
    decodeMetrics(await inflateGzip(envelope.gzip)),
    DEFAULT_METRICS_SETTINGS,
    { receivedAtMs: NOW_MS },
  );
  expect(rejected).toEqual([]);
  const ids = 'instance=local job=sluice';
  expect(
    points.map((point) => [
      point.series.labels.map(({ name, value }) => `${name}=${value}`).join(' '),
      point.series.family.kind,
      point.type === 'number' && point.value,
      point.startMs,
    ]),
  ).toEqual([
    [`__name__=requests_total ${ids} path=a"b\\c\nd`, 'counter', 3, NOW_MS - 60_000],
    [`__name__=depth ${ids}`, 'gauge', -1.5, 0],
    [`__name__=seconds_bucket ${ids} le=1.0`, 'counter', 1, NOW_MS - 60_000],
    [`__name__=seconds_bucket ${ids} le=+Inf`, 'counter', 1, NOW_MS - 60_000],
    [`__name__=seconds_sum ${ids}`, 'gauge', 0.5, 0],
    [`__name__=seconds_count ${ids}`, 'counter', 1, NOW_MS - 60_000],
  ]);
});
