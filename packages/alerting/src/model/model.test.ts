import { describe, expect, test } from 'vitest';
import { type Alert, faultOfAlert, mergeAlerts, receiveAlert } from './alert.ts';
import { commonOf, compareAlertLabels, compareLabelSets, fingerprint, formatLabelSet } from './label-set.ts';

const NOW = 1_000_000;
const OPTIONS = { nowMs: NOW, resolveTimeoutMs: 300 };
const posted = { labels: { a: 'b' }, annotations: {}, generatorUrl: '' };

describe('what is missing of a posted alert', () => {
  test.each([
    [{}, NOW, NOW + 300, true],
    [{ startsAtMs: 5 }, 5, NOW + 300, true],
    [{ startsAtMs: 5, endsAtMs: 9 }, 5, 9, false],
    [{ endsAtMs: 9 }, 9, 9, false],
  ])('%j: it starts at %i and ends at %i', (times, startsAtMs, endsAtMs, isTimeout) => {
    expect(receiveAlert({ ...posted, ...times }, OPTIONS)).toMatchObject({
      startsAtMs,
      endsAtMs,
      isTimeout,
      updatedAtMs: NOW,
    });
  });
});

describe('two reports of an alert', () => {
  const alert = (startsAtMs: number, endsAtMs: number, updatedAtMs: number, isTimeout = false): Alert => ({
    ...receiveAlert(posted, OPTIONS),
    startsAtMs,
    endsAtMs,
    updatedAtMs,
    isTimeout,
  });
  const times = ({ startsAtMs, endsAtMs }: Alert) => [startsAtMs, endsAtMs];

  test.each([
    ['keep the earlier start while they overlap', alert(10, 100, 20), alert(15, 110, 25), [10, 110]],
    ['that do not overlap are the later one', alert(10, 20, 12), alert(50, 90, 55), [50, 90]],
    ['that are both over keep the later end', alert(10, 30, 40), alert(12, 25, 45), [10, 30]],
    [
      'of which the later says that it is over end as it says',
      alert(10, 100, 20),
      alert(10, 30, 31),
      [10, 30],
    ],
    [
      'of which the later only guesses keep an end that is no guess',
      alert(10, 100, 20),
      alert(15, 60, 25, true),
      [10, 100],
    ],
    ['come in any order', alert(15, 110, 25), alert(10, 100, 20), [10, 110]],
  ])('%s', (_, stored, report, expected) => {
    expect(times(mergeAlerts(stored, report))).toEqual(expected);
  });
});

test.each([
  [{ labels: {} }, 'at least one label pair required'],
  [{ labels: { a: '' } }, 'at least one label pair required'],
  [{ labels: { a: 'b', '': 'c' } }, 'invalid label name ""'],
  [{ labels: { a: '\ud800' } }, 'invalid label value of "a": not UTF-8'],
  [{ annotations: { '\ud800': 'x' } }, 'invalid annotation name'],
  [{ startsAtMs: 2, endsAtMs: 1 }, 'start time must be before end time'],
  [{}, undefined],
])('an alert with %j has the fault %j', (changes, fault) => {
  const found = faultOfAlert({ ...posted, ...changes });
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});

describe('sets of labels', () => {
  test.each([
    [{}, 'cbf29ce484222325'],
    [{ alertname: 'V1' }, '4fbce442ddbd975b'],
    [{ alertname: 'A', service: 'x', severity: 'critical' }, '21488ca1a70069e0'],
  ])('%j have the fingerprint that Prometheus gives them', (labels, expected) => {
    expect(fingerprint(labels)).toBe(expected);
  });

  test.each([
    [{}, '{}'],
    [{ b: '2', a: '1' }, '{a="1", b="2"}'],
    [{ a: 'x"y\\z\nü' }, '{a="x\\"y\\\\z\\nü"}'],
  ])('%j stand in group keys as %s', (labels, expected) => {
    expect(formatLabelSet(labels)).toBe(expected);
  });

  test('have an order', () => {
    const sorted = [
      {},
      { b: 'x' },
      { a: 'x' },
      { a: 'y' },
      { a: 'x', c: '1' },
      { a: 'x', b: '1' },
      { a: 'y', b: '1' },
    ];
    expect([...sorted].reverse().sort(compareLabelSets)).toEqual(sorted);
  });

  test('of alerts come by job and instance first', () => {
    const sorted = [
      { job: 'a', instance: '2' },
      { job: 'a' },
      { job: 'b', instance: '1' },
      { instance: '1' },
      { instance: '2', a: '1' },
      { a: '1' },
    ];
    expect([...sorted].reverse().sort(compareAlertLabels)).toEqual(sorted);
  });

  test('have in common what all have', () => {
    expect(commonOf([])).toEqual({});
    expect(
      commonOf([
        { a: '1', b: '2' },
        { b: '2', c: '3' },
      ]),
    ).toEqual({ b: '2' });
  });
});
