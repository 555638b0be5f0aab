import { describe, expect, test } from 'vitest';
import { toMetricName } from './metric-name.ts';
import { PointFault } from './rejections.ts';
import { unitSuffixes } from './unit-suffixes.ts';

const SUM = { isMonotonicSum: true, isGauge: false };
const GAUGE = { isMonotonicSum: false, isGauge: true };
const OTHER = { isMonotonicSum: false, isGauge: false };
const ALL = { nameSuffixes: true, utf8Names: false };

describe('names with suffixes', () => {
  test.each([
    ['http.server.duration', 's', OTHER, 'http_server_duration_seconds'],
    ['http.server.duration.seconds', 's', OTHER, 'http_server_duration_seconds'],
    ['http.server.requests', '{request}', SUM, 'http_server_requests_total'],
    ['http.server.requests.total', '', SUM, 'http_server_requests_total'],
    ['total.orders', '1', SUM, 'orders_total'],
    ['network.io', 'By', SUM, 'network_io_bytes_total'],
    ['network.rate', 'By/s', GAUGE, 'network_rate_bytes_per_second'],
    ['heart.rate', '{beat}/min', GAUGE, 'heart_rate_per_minute'],
    ['cpu.utilization', '1', GAUGE, 'cpu_utilization_ratio'],
    ['cpu.ratio', '1', GAUGE, 'cpu_ratio'],
    ['cpu.load', '1', OTHER, 'cpu_load'],
    ['disk.usage', '%', GAUGE, 'disk_usage_percent'],
    ['a..b__c--d', '', OTHER, 'a_b_c_d'],
    ['2xx.responses', '', SUM, '_2xx_responses_total'],
    ['job:rate:5m', '', OTHER, 'job:rate:5m'],
    ['temperature', 'Cel', GAUGE, 'temperature_celsius'],
    ['size', 'widgets', OTHER, 'size_widgets'],
    ['größe', '', OTHER, 'gr_e'],
    ['speed', 'm/s', GAUGE, 'speed_meters_per_second'],
    ['odd', 'constructor', GAUGE, 'odd_constructor'],
  ])('%s in %j', (name, unit, kind, expected) => {
    expect(toMetricName({ name, unit, ...kind }, ALL)).toBe(expected);
  });
});

describe('other options', () => {
  test.each([
    ['http.server.duration', 's', OTHER, { nameSuffixes: false, utf8Names: false }, 'http_server_duration'],
    ['http.server.duration', 's', OTHER, { nameSuffixes: false, utf8Names: true }, 'http.server.duration'],
    [
      'http.server.duration',
      's',
      OTHER,
      { nameSuffixes: true, utf8Names: true },
      'http.server.duration_seconds',
    ],
    ['orders_total', 'By/s', SUM, { nameSuffixes: true, utf8Names: true }, 'orders_bytes_per_second_total'],
    ['use_ratio', '1', GAUGE, { nameSuffixes: true, utf8Names: true }, 'use_ratio'],
    ['io_bytes', 'By', GAUGE, { nameSuffixes: true, utf8Names: true }, 'io_bytes'],
  ])('%s', (name, unit, kind, options, expected) => {
    expect(toMetricName({ name, unit, ...kind }, options)).toBe(expected);
  });
});

test.each(['', '...', '___'])('a name of which nothing is left is refused: %j', (name) => {
  expect(() => toMetricName({ name, unit: '', ...OTHER }, ALL)).toThrow(PointFault);
  expect(() => toMetricName({ name, unit: '', ...OTHER }, { ...ALL, nameSuffixes: false })).toThrow(
    PointFault,
  );
});

test('annotations in braces are no units', () => {
  expect(unitSuffixes('{packet}/{frame}')).toEqual({ main: '', per: '' });
});
