import { describe, expect, test } from 'vitest';
import { createEngine } from '../engine.ts';
import { createMatcher } from '../model/matcher.ts';
import { ALL_FEATURES, parseExpression } from '../parse/parse-expression.ts';
import { describeResult, notedReader } from '../testing/noted-series.ts';
import { SOURCE_EXPRESSIONS, SOURCE_SERIES } from '../testing/source-expressions.ts';
import { toNumericBound } from './bucket-bound.ts';
import { findAdvice } from './find-advice.ts';

const reader = notedReader(SOURCE_SERIES, { stepMs: 30_000 });
const engine = createEngine({ clock: { nowMs: () => 0 }, features: ALL_FEATURES, hasAdvice: true });
const timeMs = 3_600_000;
const answer = async (query: string) => engine.instant(query, { reader, timeMs });

describe('expressions of the source systems', () => {
  test('are 51', () => {
    expect(SOURCE_EXPRESSIONS).toHaveLength(51);
  });

  test.each([...new Set(SOURCE_EXPRESSIONS)])('%s has an answer', async (query) => {
    const { value, warnings } = await answer(query);
    expect(value).toMatchObject({ type: 'vector' });
    const values = value.type === 'vector' ? value.samples.map(({ value: float }) => float) : [];
    expect(values.length).toBeGreaterThan(0);
    for (const float of values) expect(float).not.toBeNaN();
    expect(warnings).toEqual([]);
    const range = await engine.range(query, { reader, startMs: 0, endMs: timeMs, stepMs: 60_000 });
    expect(range.value).toMatchObject({
      type: 'matrix',
      series: expect.arrayContaining([expect.anything()]),
    });
  });

  test.each<[string, string]>([
    [
      '(1 - (sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])))) * 100',
      '90.99099099099099',
    ],
    [
      'histogram_quantile(0.50, sum(rate(http_request_duration_seconds_bucket[5m])) by (le))',
      '1.6666666666666667',
    ],
    [
      'sum(rate(workflow_executions_total{status="success"}[5m])) / sum(rate(workflow_executions_total[5m])) * 100',
      '90',
    ],
    ['process_resident_memory_bytes / 1024 / 1024 / 1024  # GB', '1'],
    [
      '(node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes) / node_memory_MemTotal_bytes > 0.9',
      '0.95',
    ],
    [
      'sum(rate(http_request_duration_seconds_bucket{service="api-gateway",le="1.0"}[5m]))',
      '1.3333333333333333',
    ],
  ])('%s is %s', async (query, expected) => {
    const { value } = await answer(query);
    expect(value.type === 'vector' && value.samples[0]!.value).toBeCloseTo(Number(expected), 12);
  });

  test('what says something else than was meant is explained, and only that', () => {
    const explained = [...new Set(SOURCE_EXPRESSIONS)].filter(
      (query) => findAdvice(parseExpression(query)).length > 0,
    );
    expect(explained).toEqual([
      'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) > 0.05',
      'histogram_quantile(0.95, http_request_duration_seconds_bucket)',
      'rate(http_requests_total{status=~"5.."}[5m]) > 0.01',
      'sum(rate(http_request_duration_seconds_bucket{service="api-gateway",le="1.0"}[5m]))\n',
      'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) > 0.01',
      'rate(ai_model_requests_total{status="error"}[5m]) > 0.1',
    ]);
  });
});

describe('a part divided by itself', () => {
  test.each([
    'rate(x{status="500"}[5m]) / rate(x[5m])',
    '(rate(x{status="500", job="a"}[5m])) / rate(x{job="a"}[5m])',
    'x{status="500"} / x',
    'rate(x{status="500"}[5m]) / on (status, job) rate(x[5m])',
    'rate(x{status="500"}[5m]) / ignoring (job) rate(x[5m])',
    'increase(x{status="500"}[5m] offset 1h) / increase(x[5m] offset 1h)',
    'avg_over_time((-x{status="500"})[5m:1m]) / avg_over_time((-x)[5m:1m])',
    'clamp_min(x{status="500"}, 1) / clamp_min(x, 1)',
  ])('%s', async (query) => {
    expect(findAdvice(parseExpression(query))).toEqual([
      {
        position: expect.anything(),
        message: expect.stringMatching(/^each series .* keep the label "status"/),
      },
    ]);
  });

  test.each([
    'sum(rate(x{status="500"}[5m])) / sum(rate(x[5m]))',
    'rate(x{status="500"}[5m]) / ignoring (status) rate(x[5m])',
    'rate(x{status="500"}[5m]) / on (job) rate(x[5m])',
    'rate(x{status="500"}[5m]) / ignoring (status) group_left rate(x[5m])',
    'rate(x{status="500"}[5m]) / rate(y[5m])',
    'rate(x{status="500"}[5m]) / rate(x[10m])',
    'rate(x{status="500"}[5m]) / increase(x[5m])',
    'rate(x{status="500"}[5m]) / rate(x[5m] offset 1h)',
    'rate(x{status="500"}[5m]) / rate(x{job="a"}[5m])',
    'rate(x[5m]) / rate(x{status="500"}[5m])',
    'x / x',
    'x{status="500"} * x',
    'x{status="500"} / 2',
    'label_replace(x{status="500"}, "status", "", "", "") / x',
    '{__name__="x"} / {__name__=~"x"}',
    'clamp_min(x{status="500"}, 1) / clamp_min(x, 2)',
    'avg_over_time(x{status="500"}[5m:1m]) / avg_over_time(x[6m:1m])',
  ])('not so: %s', (query) => {
    expect(findAdvice(parseExpression(query))).toEqual([]);
  });

  test('the quotients are 1, as the advice says', async () => {
    const result = await answer(
      'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m])',
    );
    expect(describeResult(result)[0]).toMatch(/status="500"} 1$/);
    expect(result.infos[0]).toMatch(
      /^PromQL info: each series of the left side is divided by itself.*\(1:1\)$/,
    );
  });
});

describe('a quantile of all time', () => {
  test.each([
    'histogram_quantile(0.9, x_bucket)',
    'histogram_quantile(0.9, sum by (le) (x_bucket))',
    'histogram_quantile(0.9, sum by (le) (x_bucket{a="b"} offset 5m))',
  ])('%s', (query) => {
    const [advice] = findAdvice(parseExpression(query));
    expect(advice!.message).toContain('rate(x_bucket[5m])');
    expect(query.slice(advice!.position.start)).toMatch(/^x_bucket/);
  });

  test.each([
    'histogram_quantile(0.9, rate(x_bucket[5m]))',
    'histogram_quantile(0.9, max_over_time(x_bucket[5m:]))',
    'histogram_quantile(0.9, recorded:x)',
    'histogram_quantile(0.9, {__name__=~"x_bucket"})',
    'histogram_count(x)',
  ])('not so: %s', (query) => {
    expect(findAdvice(parseExpression(query))).toEqual([]);
  });
});

describe('a rate that is read as a share', () => {
  test.each([
    ['rate(x{status=~"5.."}[5m]) > 0.01', 'status'],
    ['sum by (job) (irate(x{code="error"}[5m])) >= 0.5', 'code'],
    ['(sum(rate(x{http_response_status_code=~"5.."}[5m]))) > (0.1)', 'http_response_status_code'],
  ])('%s', (query, label) => {
    expect(findAdvice(parseExpression(query))[0]!.message).toContain(`without the matcher of "${label}"`);
  });

  test.each([
    'rate(x{status=~"5.."}[5m]) > 0',
    'rate(x{status=~"5.."}[5m]) > 1',
    'rate(x{status!~"5.."}[5m]) > 0.1',
    'rate(x{job="a"}[5m]) > 0.1',
    'rate(x{status=~"5.."}[5m]) * 0.1',
    'increase(x{status=~"5.."}[5m]) > 0.1',
    'sum(rate(x{status=~"5.."}[5m])) / sum(rate(x[5m])) > 0.1',
    'rate((x{status="5"})[5m:]) > 0.1',
    'avg(rate(x{status=~"5.."}[5m])) > 0.1',
    'rate(x{status=~"5.."}[5m]) > y',
  ])('not so: %s', (query) => {
    expect(findAdvice(parseExpression(query))).toEqual([]);
  });
});

describe('bounds of buckets', () => {
  test('are numbers, whatever they are written as', () => {
    const bound = (value: string) => toNumericBound(createMatcher('le', '=', value));
    expect(bound('1').literals).toEqual(['1', '1.0']);
    expect(bound('1.00').literals).toEqual(['1.00', '1.0', '1']);
    expect(bound('+Inf').literals).toEqual(['+Inf']);
    for (const [written, stored] of [
      ['1', '1.0'],
      ['1.0', '1'],
      ['1e3', '1000.0'],
      ['+Inf', '+Inf'],
    ] as const) {
      expect(bound(written).matches(stored)).toBe(true);
    }
    expect(bound('1').matches('1.5')).toBe(false);
    expect(bound('1').matches('')).toBe(false);
  });

  test.each([
    createMatcher('le', '=', 'x'),
    createMatcher('le', '=', 'NaN'),
    createMatcher('le', '=', ''),
    createMatcher('le', '=~', '1'),
    createMatcher('status', '=', '1'),
  ])('only where one is compared: $name$operator$value', (matcher) => {
    expect(toNumericBound(matcher)).toBe(matcher);
  });

  test('whoever spells one is told', () => {
    expect(findAdvice(parseExpression('x_bucket{le="1"}'))[0]!.message).toBe(
      'bounds are compared as numbers: le="1" and le="1.0" are one bucket',
    );
    expect(findAdvice(parseExpression('x_bucket{le="0.5"}'))).toEqual([]);
  });

  test('without advice a bound is its text, as in Prometheus', async () => {
    const plain = createEngine({ clock: { nowMs: () => 0 } });
    const query = 'http_request_duration_seconds_bucket{le="1"}';
    expect((await plain.instant(query, { reader, timeMs })).value).toMatchObject({ samples: [] });
    expect((await answer(query)).value).toMatchObject({ samples: [{ value: 4800 }] });
    expect((await answer('rate(http_request_duration_seconds_bucket{le="1"}[5m])')).value).toMatchObject({
      samples: [expect.anything()],
    });
  });
});
