import { expect, test } from 'vitest';
import { createSelfMetrics } from './self-metrics.ts';

test('counters, gauges and histograms come in the Prometheus text format', async () => {
  const metrics = createSelfMetrics();
  const requests = metrics.counter('requests_total', 'Requests.');
  requests.add(1, { signal: 'traces', status: '200' });
  requests.add(2, { signal: 'traces', status: '200' });
  requests.add(1);
  const depth = metrics.gauge('depth', 'Messages.');
  depth.set(7);
  depth.set(5);
  const seconds = metrics.histogram('seconds', 'Duration.', [0.1, 1]);
  seconds.observe(0.1, { q: 'a' });
  seconds.observe(0.5, { q: 'a' });
  seconds.observe(3, { q: 'a' });
  expect(await metrics.render()).toBe(`# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{signal="traces",status="200"} 3
requests_total 1
# HELP depth Messages.
# TYPE depth gauge
depth 5
# HELP seconds Duration.
# TYPE seconds histogram
seconds_bucket{q="a",le="0.1"} 1
seconds_bucket{q="a",le="1.0"} 2
seconds_bucket{q="a",le="+Inf"} 3
seconds_sum{q="a"} 3.6
seconds_count{q="a"} 3
`);
});

test('label values are escaped', async () => {
  const metrics = createSelfMetrics();
  metrics.gauge('g', 'G.').set(1, { path: 'C:\\a\n"b"' });
  expect(await metrics.render()).toContain('g{path="C:\\\\a\\n\\"b\\""} 1');
});

test('a name asked for twice is one instrument, and never of two kinds', async () => {
  const metrics = createSelfMetrics();
  metrics.counter('c', 'C.').add(1);
  metrics.counter('c', 'C.').add(1);
  expect(await metrics.render()).toContain('\nc 2\n');
  expect(() => metrics.gauge('c', 'C.')).toThrow('metric c is a counter');
});

test('collectors run before each render', async () => {
  const metrics = createSelfMetrics();
  const age = metrics.gauge('age', 'Age.');
  let now = 0;
  metrics.onCollect(async () => {
    now += 1;
    age.set(now);
  });
  expect(await metrics.render()).toContain('age 1');
  expect(await metrics.render()).toContain('age 2');
});
