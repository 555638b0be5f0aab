import { createSelfMetrics } from '@sluice/core/self-metrics';
import { describe, expect, test } from 'vitest';
import {
  makeCounter,
  makeGauge,
  makeHistogram,
  makeSnapshot,
  makeSummary,
  TICK_MS,
} from '../testing/make-snapshot.ts';
import { createMemorySnapshots } from '../testing/memory-snapshots.ts';
import { createExposition } from './create-exposition.ts';
import { CONTENT_TYPE, negotiateFormat } from './negotiate-format.ts';
import { renderExposition } from './render-exposition.ts';

describe('the format that a scraper gets', () => {
  test.each([
    [null, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=1.0.0', 'openmetrics'],
    ['application/openmetrics-text; version=2.0.0', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['text/plain;q=0.9, application/openmetrics-text;q=0.5', 'prometheus'],
    ['application/openmetrics-text;q=0.5, text/plain;q=0.5', 'openmetrics'],
    ['application/openmetrics-text;q=nonsense', 'prometheus'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    [
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3',
      'openmetrics',
    ],
  ] as const)('Accept: %s is answered with %s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
    expect(CONTENT_TYPE[format]).toContain('charset=utf-8');
  });
});

const trace = { name: 'trace_id', value: 'ab'.repeat(16) };
const snapshot = makeSnapshot(
  [
    makeHistogram('latency_seconds', {
      bounds: [0.5, 1],
      buckets: [1, 2, 3n],
      sum: 4.5,
      startMs: TICK_MS - 60_000,
      exemplars: [{ labels: [trace], value: 0.75, timeMs: TICK_MS - 500 }],
    }),
    makeCounter('requests_total', {
      level: 2n ** 53n + 1n,
      startMs: TICK_MS - 60_000,
      labels: { path: 'a"b\\c\nd' },
      exemplars: [{ labels: [trace, { name: 'note', value: 'x'.repeat(200) }], value: 1, timeMs: TICK_MS }],
    }),
    makeGauge('temperature_celsius', { last: -0.25 }),
    makeSummary('rpc', { quantiles: [{ quantile: 1, value: Number.NaN }], sum: 7, count: 9, startMs: 0 }),
    makeCounter('odd', { level: 1_000_000, exemplars: [{ labels: [trace], value: 1, timeMs: TICK_MS }] }),
  ],
  { families: { requests_total: { help: 'All "requests"\\\nso far.', unit: '{request}' } } },
);
const IDS = 'instance="i-1",job="shop/cart"';

test('Prometheus text 0.0.4 has help, type and every sample', () => {
  expect(renderExposition([snapshot], { format: 'prometheus' })).toBe(`# TYPE latency_seconds histogram
latency_seconds_bucket{${IDS},le="0.5"} 1
latency_seconds_bucket{${IDS},le="1"} 2
latency_seconds_bucket{${IDS},le="+Inf"} 3
latency_seconds_sum{${IDS}} 4.5
latency_seconds_count{${IDS}} 3
# TYPE odd counter
odd{${IDS}} 1000000
# HELP requests_total All "requests"\\\\\\nso far.
# TYPE requests_total counter
requests_total{${IDS},path="a\\"b\\\\c\\nd"} 9007199254740993
# TYPE rpc summary
rpc{${IDS},quantile="1"} NaN
rpc_sum{${IDS}} 7
rpc_count{${IDS}} 9
# TYPE temperature_celsius gauge
temperature_celsius{${IDS}} -0.25
`);
});

test('OpenMetrics 1.0 has units, start times and exemplars', () => {
  const created = ((TICK_MS - 60_000) / 1000).toFixed(3);
  expect(renderExposition([snapshot], { format: 'openmetrics' })).toBe(`# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{${IDS},le="0.5"} 1
latency_seconds_bucket{${IDS},le="1.0"} 2 # {trace_id="${trace.value}"} 0.75 ${((TICK_MS - 500) / 1000).toFixed(3)}
latency_seconds_bucket{${IDS},le="+Inf"} 3
latency_seconds_sum{${IDS}} 4.5
latency_seconds_count{${IDS}} 3
latency_seconds_created{${IDS}} ${created}
# TYPE odd unknown
odd{${IDS}} 1000000
# TYPE requests counter
# HELP requests All \\"requests\\"\\\\\\nso far.
requests_total{${IDS},path="a\\"b\\\\c\\nd"} 9007199254740993 # {trace_id="${trace.value}"} 1 ${(TICK_MS / 1000).toFixed(3)}
requests_created{${IDS},path="a\\"b\\\\c\\nd"} ${created}
# TYPE rpc summary
rpc{${IDS},quantile="1.0"} NaN
rpc_sum{${IDS}} 7
rpc_count{${IDS}} 9
# TYPE temperature_celsius gauge
# UNIT temperature_celsius celsius
temperature_celsius{${IDS}} -0.25
`);
});

test('a family stands once: over shards, beside what is written already, and beside parts of histograms', () => {
  const other = makeSnapshot(
    [
      makeGauge('temperature_celsius', { last: 3, labels: { room: 'b' } }),
      makeCounter('latency_seconds_count', { level: 5 }),
      makeGauge('taken', { last: 1 }),
      makeGauge('not a name', { last: 1 }),
      makeGauge('g', { last: 1, labels: { 'not a name': 'x' } }),
    ],
    { shard: 1 },
  );
  const text = renderExposition([snapshot, other], { format: 'prometheus', taken: new Set(['taken']) });
  expect(text.match(/# TYPE temperature_celsius/g)).toHaveLength(1);
  expect(text.match(/^temperature_celsius\{/gm)).toHaveLength(2);
  expect(text.match(/^latency_seconds_count/gm)).toHaveLength(1);
  expect(text).not.toMatch(/taken|not a name/);
  expect(renderExposition([], { format: 'openmetrics' })).toBe('');
});

test('the whole answer has the own counters first, every shard once, and an end in OpenMetrics', async () => {
  const selfMetrics = createSelfMetrics();
  selfMetrics.counter('own_requests_total', 'Says "hello".').add(3, { path: '/' });
  selfMetrics.counter('own_odd', 'Odd.').add(1);
  selfMetrics.histogram('own_seconds', 'Time.', [1, 2.5]).observe(2);
  const snapshots = createMemorySnapshots();
  snapshots.put(snapshot);
  snapshots.put(makeSnapshot([makeGauge('bygone', { last: 1 })], { shard: 1, tickMs: TICK_MS - 3_600_000 }));
  const expose = createExposition({ selfMetrics, snapshots, nowMs: () => TICK_MS + 1000 });
  const plain = await expose({ tenant: 'default', accept: null });
  expect(plain.contentType).toContain('version=0.0.4');
  expect(plain.body.startsWith('# HELP own_requests_total Says "hello".\n')).toBe(true);
  expect(plain.body).toContain('temperature_celsius{');
  expect(plain.body).not.toContain('bygone');
  const open = await expose({ tenant: 'default', accept: 'application/openmetrics-text' });
  expect(open.body).toContain(
    '# TYPE own_requests counter\n# HELP own_requests Says \\"hello\\".\nown_requests_total{path="/"} 3\n',
  );
  expect(open.body).toContain('# TYPE own_odd unknown\n');
  expect(open.body).toContain('own_seconds_bucket{le="1.0"} 0\nown_seconds_bucket{le="2.5"} 1\n');
  expect(open.body.endsWith('# EOF\n')).toBe(true);
  expect(snapshots.reads()).toBe(1);
  // Read again at the same tick, the text is the same; at the next it is the next one's.
  const repeated = await expose({ tenant: 'default', accept: null });
  expect(repeated.body).toBe(plain.body);
  selfMetrics.counter('temperature_celsius', 'Taken from now on.').add(1);
  expect((await expose({ tenant: 'default', accept: null })).body).not.toContain('temperature_celsius{');

  // The pipeline's own metrics come back as one more source, their histograms part by part.
  const parts = ['own_seconds_bucket', 'own_seconds_sum', 'own_seconds_count', 'own_requests_total'];
  snapshots.put(
    makeSnapshot(
      parts.map((name) => makeCounter(name, { level: 5 })),
      { shard: 2 },
    ),
  );
  const again = await expose({ tenant: 'default', accept: null });
  expect(again.body.match(/^# TYPE own_\w+/gm)).toEqual(plain.body.match(/^# TYPE own_\w+/gm));
  expect((await expose({ tenant: 'other', accept: null })).body).not.toContain('temperature_celsius{');
});
