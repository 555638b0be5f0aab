/**
 * The same queries, over the same series, to Sluice and to Debian's Prometheus: answers are equal, or the
 * difference is a documented change between the releases, shown to be so by undoing it.
 */
import { createRandom } from '@sluice/core/testing/random';
import type { SeriesData } from '@sluice/promql/series-reader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askServer, askSluice } from './promql/ask.ts';
import { differenceOf } from './promql/compare-answers.ts';
import { explainDifference, REASONS, type Reason, type Servers } from './promql/explain-difference.ts';
import { askOlder, toOlderNames } from './promql/older-names.ts';
import { randomTimes, type Times, toPath } from './promql/questions.ts';
import { randomQuery } from './promql/random-query.ts';
import { randomSeries } from './promql/random-series.ts';
import { type PrometheusProcess, startPrometheus } from './promql/start-prometheus.ts';
import { writeSeries } from './promql/write-series.ts';

const SEED = Number(process.env.PEER_SEED ?? 7);
const QUERIES = Number(process.env.PEER_QUERIES ?? 3200);

let prometheus: PrometheusProcess;
let series: SeriesData[];
let servers: Servers;

beforeAll(async () => {
  prometheus = await startPrometheus();
  series = randomSeries(createRandom(SEED));
  await writeSeries(prometheus.url, series);
  servers = { sluice: askSluice(series), older: askServer(prometheus.url) };
});

afterAll(() => prometheus?.stop());

interface Verdict {
  readonly reasons: ReadonlySet<Reason>;
  readonly unexplained?: string;
  /** Whether there was anything to compare. */
  readonly hasSamples: boolean;
}

async function compare(query: string, times: Times): Promise<Verdict> {
  const ours = await servers.sluice(toPath(query, times));
  const theirs = await askOlder(servers.older, query, times);
  const result = theirs.body.data?.result;
  const hasSamples = Array.isArray(result) && result.length > 0;
  if (differenceOf(ours, theirs) === undefined) return { reasons: new Set(), hasSamples };
  const explained = await explainDifference(query, times, servers);
  if ('reasons' in explained) return { reasons: explained.reasons, hasSamples };
  return { reasons: new Set(), unexplained: `${query}: ${explained.unexplained}`, hasSamples };
}

async function compareMany(count: number, next: () => { query: string; times: Times }) {
  const unexplained: string[] = [];
  const counts: Partial<Record<Reason, number>> = {};
  let withSamples = 0;
  for (let i = 0; i < count; i++) {
    const { query, times } = next();
    const verdict = await compare(query, times);
    if (verdict.unexplained) unexplained.push(verdict.unexplained);
    for (const reason of verdict.reasons) counts[reason] = (counts[reason] ?? 0) + 1;
    if (verdict.hasSamples) withSamples++;
  }
  console.log(`${count} queries, ${withSamples} with samples, Prometheus ${prometheus.version}:`, counts);
  return { unexplained, withSamples, counts };
}

describe('random queries', () => {
  test('over windows that begin at no sample', async () => {
    const random = createRandom(SEED + 1);
    const { unexplained, withSamples, counts } = await compareMany(QUERIES, () => ({
      query: randomQuery(random),
      times: randomTimes(random),
    }));
    expect(unexplained).toEqual([]);
    expect(counts.newerLanguage).toBeUndefined();
    expect(withSamples).toBeGreaterThan(QUERIES * 0.6);
  });

  test('over windows that begin exactly at samples', async () => {
    const random = createRandom(SEED + 2);
    const toAligned = (query: string): string =>
      query
        .replaceAll(/\b(requests_total|latency_(count|sum))\b/g, 'aligned_total')
        .replaceAll(/\b(temperature|flag|build_info)\b/g, 'aligned_gauge');
    const { unexplained, counts } = await compareMany(400, () => {
      let query = randomQuery(random);
      while (query.includes('latency_bucket')) query = randomQuery(random);
      return { query: toAligned(query), times: randomTimes(random, { isOnGrid: true }) };
    });
    expect(unexplained).toEqual([]);
    expect(counts.leftOpen).toBeGreaterThan(10);
  });
});

const NOON: Times = { kind: 'instant', time: 1_700_003_707 };
const HALF_HOUR: Times = { kind: 'range', start: 1_700_003_707, end: 1_700_005_507, step: 60 };

describe('hand-picked queries are answered alike', () => {
  test.each([
    'sum by (status) (rate(requests_total[5m]))',
    'sum(rate(requests_total{status=~"5.."}[5m])) / sum(rate(requests_total[5m]))',
    'histogram_quantile(0.95, sum by (le) (rate(latency_bucket[5m])))',
    'histogram_quantile(0.95, rate(latency_bucket[5m]))',
    '1 - (sum(increase(requests_total{status="500"}[30m])) / sum(increase(requests_total[30m])))',
    'max_over_time(sum(rate(requests_total[1m]))[30m:1m])',
    'rate(latency_sum[5m]) / rate(latency_count[5m])',
    'requests_total * on (job, instance) group_left (version) build_info',
    'sum by (version) (rate(requests_total[5m]) * on (job, instance) group_left (version) build_info)',
    'absent(no_such_metric{job="api"})',
    'absent_over_time(no_such_metric{job="api"}[5m])',
    'count by (job) (flag == 1) or count by (job) (flag) * 0',
    'temperature - temperature offset 10m',
    'temperature @ 1700005402',
    'sum(temperature @ end()) - sum(temperature @ start())',
    'topk(3, temperature)',
    'bottomk by (job) (1, temperature)',
    'count_values by (job) ("state", flag)',
    'quantile(0.5, temperature)',
    'predict_linear(temperature[30m], 3600)',
    'deriv(temperature[10m])',
    'double_exponential_smoothing(temperature[10m], 0.5, 0.1)',
    'label_replace(temperature, "host", "$1", "instance", "(.*):.*")',
    'label_join(temperature, "id", "/", "job", "instance")',
    'clamp(temperature, 0, 10)',
    'round(temperature, 0.1)',
    'sgn(temperature)',
    'timestamp(temperature)',
    'day_of_month() + hour() * 100',
    'vector(time())',
    'scalar(sum(flag)) + 1',
    'temperature > bool 5',
    '5 < temperature',
    'temperature and on (job) (flag > 0)',
    'temperature unless on (instance) flag',
    'changes(flag[30m])',
    'resets(requests_total[30m])',
    'irate(requests_total[5m])',
    'idelta(temperature[5m])',
    'stddev_over_time(temperature[10m])',
    'quantile_over_time(0.9, temperature[10m])',
    'avg_over_time(temperature[10m:1m])',
    'min_over_time(rate(requests_total[5m])[30m:1m])',
    '-temperature ^ 2',
    '2 ^ 3 ^ 2',
    'temperature % 3',
    '{__name__=~"temper.+", job="api"}',
    'group without (instance) (temperature)',
    'sort(temperature)',
    '1e1000',
    'temperature{job="api"} + temperature{job="batch"}',
    'requests_total + on (job) requests_total',
    'requests_total * on (job) group_left () build_info',
    'sum(requests_total',
    'rate(requests_total)',
    'temperature[5m]',
    'label_replace(temperature, "~bad", "x", "job", "(")',
    'rate(requests_total[0s])',
    'topk(-1, temperature)',
    'quantile(2, temperature)',
    '{}',
    '{job=~".*"}',
    'unknown_function(temperature)',
    'sum by (job) (temperature) without (job)',
    '"text"',
  ])('%s', async (query) => {
    for (const times of [NOON, HALF_HOUR]) {
      const { reasons, unexplained } = await compare(query, times);
      expect([unexplained, [...reasons]]).toEqual([undefined, []]);
    }
  });
});

describe('every documented change is met and recognised', () => {
  const ON_BORDER: Times = { kind: 'instant', time: 1_700_003_700 };
  const cases: readonly (readonly [Reason, string, Times])[] = [
    ['leftOpen', 'count_over_time(aligned_gauge[5m])', ON_BORDER],
    ['leftOpen', 'sum_over_time(vector(1)[10m:1m])', ON_BORDER],
    ['leftOpen', 'rate(aligned_total[1m])', ON_BORDER],
    ['dotMatchesNewline', 'odd{text=~"a.b"}', NOON],
    ['newerLanguage', 'mad_over_time(temperature[10m])', NOON],
    ['newerLanguage', 'limitk(2, temperature)', NOON],
    ['newerLanguage', 'sort_by_label(temperature, "instance")', NOON],
    ['newerLanguage', '5m + 1', NOON],
    ['newerLanguage', 'rate(requests_total[300])', NOON],
    ['newerLanguage', '{"temperature"}', NOON],
    ['newerLanguage', 'info(temperature)', NOON],
    ['newerLanguage', 'ts_of_max_over_time(temperature[10m])', NOON],
    ['newerLanguage', 'increase(requests_total[5m] anchored)', NOON],
    ['nonFiniteDeviation', 'stddev(vector(Inf))', NOON],
    ['nonFiniteDate', 'hour(vector(NaN))', NOON],
    ['atan2Name', 'temperature atan2 2', NOON],
    ['predictAt', 'predict_linear(temperature[10m] @ 1700003707, 60)', HALF_HOUR],
    ['filteredMatches', 'requests_total > on (job) sum by (job) (temperature * 0 + 1e9)', NOON],
    ['lastDigit', 'count_values("value", avg(temperature))', HALF_HOUR],
    ['delayedName', 'sum by (__name__) (rate({__name__=~"requests_total|latency_count"}[5m]))', NOON],
  ];
  test.each(cases)('%s: %s', async (reason, query, times) => {
    const { reasons, unexplained } = await compare(query, times);
    expect([unexplained, [...reasons]]).toEqual([undefined, [reason]]);
  });

  test('the extrapolation to zero, for counters that begin inside a window', async () => {
    const met = new Set<Reason>();
    for (let time = 1_700_000_107; time < 1_700_007_000 && !met.has('extrapolation'); time += 60) {
      const { reasons, unexplained } = await compare('increase(requests_total[30m])', {
        kind: 'instant',
        time,
      });
      expect(unexplained).toBeUndefined();
      for (const reason of reasons) met.add(reason);
    }
    expect([...met]).toEqual(['extrapolation']);
  });

  test('there is no reason that no query meets', () => {
    const met = new Set<string>([...cases.map(([reason]) => reason), 'extrapolation']);
    expect(Object.keys(REASONS).filter((reason) => !met.has(reason))).toEqual([]);
  });
});

test('expressions are printed alike, apart from where blanks stand', async () => {
  const random = createRandom(SEED + 3);
  const different: string[] = [];
  for (let i = 0; i < 600; i++) {
    let query = randomQuery(random);
    while (toOlderNames(query) !== query) query = randomQuery(random);
    const path = `format_query?${new URLSearchParams({ query })}`;
    const [ours, theirs] = [await servers.sluice(path), await servers.older(path)];
    if (withoutBlanks(ours) !== withoutBlanks(theirs)) {
      different.push(`${query}: ${withoutBlanks(ours)} instead of ${withoutBlanks(theirs)}`);
    }
  }
  expect(different).toEqual([]);
});

function withoutBlanks({
  body,
}: {
  readonly body: { readonly data?: unknown; readonly error?: string };
}): string {
  return String(body.data ?? body.error).replaceAll(/\s+/g, '');
}
