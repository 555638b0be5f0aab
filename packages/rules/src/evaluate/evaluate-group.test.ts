import { createEngine } from '@sluice/promql/engine';
import { formatLabels } from '@sluice/promql/model/labels';
import { notedReader } from '@sluice/promql/testing/noted-series';
import { describe, expect, test } from 'vitest';
import { readGroups } from '../testing/rule-world.ts';
import {
  evaluateGroup,
  type GroupContext,
  type GroupEvaluation,
  type GroupMemory,
} from './evaluate-group.ts';

const engine = createEngine({ clock: { nowMs: () => 0 } });
const MINUTE_MS = 60_000;

function evaluate(
  rules: string,
  series: string,
  options: Partial<GroupContext> & { readonly memory?: GroupMemory } = {},
): Promise<GroupEvaluation> {
  const { memory, ...context } = options;
  const [group] = readGroups(rules);
  return evaluateGroup(group!, memory, {
    engine,
    reader: notedReader(series),
    timeMs: 0,
    intervalMs: MINUTE_MS,
    queryOffsetMs: 0,
    externalLabels: {},
    externalUrl: '',
    ...context,
  });
}

const group = (rules: string, head = ''): string => `groups: [{ name: g, ${head} rules: [${rules}] }]`;
const samplesOf = ({ samples }: GroupEvaluation) =>
  samples.map(({ labels, value }) => `${formatLabels(labels)} ${value}`);
const errorsOf = ({ memory }: GroupEvaluation) => memory.rules.map(({ lastError }) => lastError);

describe('recording rules', () => {
  test('take the name and labels of the rule over those of the series', async () => {
    const rules = group(
      '{ record: y, expr: x, labels: { a: new, gone: "" } }',
      'labels: { g: "1", a: group },',
    );
    const result = await evaluate(rules, 'x{a="old", gone="1", b="2"} 5');
    expect(samplesOf(result)).toEqual(['{__name__="y", a="new", b="2", g="1"} 5']);
  });

  test('later rules of the group see what earlier ones gave', async () => {
    const result = await evaluate(group('{ record: y, expr: x * 2 }, { record: z, expr: y + 1 }'), 'x 5');
    expect(samplesOf(result)).toEqual(['{__name__="y"} 10', '{__name__="z"} 11']);
  });

  test('and do not see what ended', async () => {
    const rules = group('{ record: y, expr: x > 3 }, { record: z, expr: count(y) or vector(0) }');
    const first = await evaluate(rules, 'x 5 1\ny 5', { timeMs: 0 });
    const second = await evaluate(rules, 'x 5 1\ny 5', { timeMs: MINUTE_MS, memory: first.memory });
    expect(samplesOf(second)).toEqual(['{__name__="z"} 0']);
    expect(second.stale.map(formatLabels)).toEqual(['{__name__="y"}']);
  });

  test('a scalar is one series without labels', async () => {
    expect(samplesOf(await evaluate(group('{ record: y, expr: "1 + 1" }'), ''))).toEqual([
      '{__name__="y"} 2',
    ]);
  });

  test('two series that become one are an error', async () => {
    const result = await evaluate(
      group('{ record: y, expr: x, labels: { a: "" } }'),
      'x{a="1"} 1\nx{a="2"} 1',
    );
    expect(errorsOf(result)).toEqual([
      'vector contains metrics with the same labelset after applying rule labels',
    ]);
    expect(result.samples).toEqual([]);
  });

  test('more series than the limit are an error', async () => {
    const result = await evaluate(group('{ record: y, expr: x }', 'limit: 1,'), 'x{a="1"} 1\nx{a="2"} 1');
    expect(errorsOf(result)).toEqual(['exceeded limit of 1 with 2 series']);
  });
});

describe('alerting rules', () => {
  test('labels and annotations are templates over the series, external labels and queries', async () => {
    const rules = `
groups:
  - name: g
    rules:
      - alert: A
        expr: x > 1
        labels: { severity: page, where: "{{ $labels.a }}-{{ $externalLabels.region }}" }
        annotations:
          summary: '{{ $value }} of {{ query "sum(x)" | first | value }} at {{ $externalURL }}'
          broken: '{{ query "x{" }}'
          plain: as it is
`;
    const options = { externalLabels: { region: 'eu' }, externalUrl: 'http://s' };
    const result = await evaluate(rules, 'x{a="1"} 4\nx{a="2"} 1', options);
    const [alert] = [...result.alerts[0]!.values()];
    expect(alert).toMatchObject({
      state: 'firing',
      labels: { alertname: 'A', a: '1', severity: 'page', where: '1-eu' },
      annotations: {
        summary: '4 of 5 at http://s',
        plain: 'as it is',
        broken: expect.stringMatching(
          /^<error expanding template: error executing template __alert_A: .*unexpected end of input/,
        ),
      },
    });
  });

  test('two series that become one alert are an error, and nothing resolves for it', async () => {
    const rules = group('{ alert: A, expr: x > 0, labels: { a: same } }');
    const first = await evaluate(rules, 'x{a="1"} 1');
    const second = await evaluate(rules, 'x{a="1"} _ 1\nx{a="2"} _ 1', {
      timeMs: MINUTE_MS,
      memory: first.memory,
    });
    expect(errorsOf(second)).toEqual([
      'vector contains metrics with the same labelset after applying alert labels',
    ]);
    expect([...second.alerts[0]!.values()]).toMatchObject([{ state: 'firing' }]);
    expect(second.memory.rules[0]!.alerts).toEqual(first.memory.rules[0]!.alerts);
    expect(second.stale).toEqual([]);
  });

  test('a query that fails resolves nothing', async () => {
    const rules = group('{ alert: A, expr: x > 0 }');
    const first = await evaluate(rules, 'x 1');
    const broken = { select: () => Promise.reject(new Error('the store is down')) };
    const second = await evaluate(rules, '', { timeMs: MINUTE_MS, reader: broken, memory: first.memory });
    expect(errorsOf(second)).toEqual(['expanding series: the store is down']);
    expect([...second.alerts[0]!.values()]).toMatchObject([{ state: 'firing' }]);
  });

  test('more alerts than the limit give up those that there are', async () => {
    const rules = group('{ alert: A, expr: x > 0 }', 'limit: 1,');
    const first = await evaluate(rules, 'x{a="1"} 1');
    const second = await evaluate(rules, 'x{a="1"} 1 1\nx{a="2"} _ 1', {
      timeMs: MINUTE_MS,
      memory: first.memory,
    });
    expect(errorsOf(second)).toEqual(['exceeded limit of 1 with 2 alerts']);
    expect(second.alerts[0]!.size).toBe(0);
    expect(second.abandoned).toMatchObject([{ labels: { a: '1' } }]);
    expect(second.stale).toHaveLength(2);
  });

  test('rules that differ in labels only keep their states apart', async () => {
    const rules = group(
      '{ alert: A, expr: x > 0, for: 1m, labels: { s: warn } }, { alert: A, expr: x > 0, for: 5m, labels: { s: crit } }, { alert: A, expr: x > 0, for: 9m, labels: { s: crit } }',
    );
    let memory: GroupMemory | undefined;
    const states: string[] = [];
    for (let minute = 0; minute <= 9; minute++) {
      const result = await evaluate(rules, 'x 1x9', {
        timeMs: minute * MINUTE_MS,
        ...(memory && { memory }),
      });
      memory = result.memory;
      states.push(result.alerts.map((alerts) => [...alerts!.values()][0]!.state[0]).join(''));
    }
    expect(states).toEqual(['ppp', 'fpp', 'fpp', 'fpp', 'fpp', 'ffp', 'ffp', 'ffp', 'ffp', 'fff']);
  });

  test('the offset is for the rule, not for queries of its templates', async () => {
    const rules = group(`{ alert: A, expr: x, annotations: { now: '{{ query "x" | first | value }}' } }`);
    const result = await evaluate(rules, 'x 1 2', { timeMs: MINUTE_MS, queryOffsetMs: MINUTE_MS });
    expect([...result.alerts[0]!.values()][0]).toMatchObject({ value: 1, annotations: { now: '2' } });
  });

  test('pending alerts do not count an outage', async () => {
    const rules = group('{ alert: A, expr: x > 0, for: 5m }');
    const first = await evaluate(rules, 'x 1');
    const twoMinutes = await evaluate(rules, 'x 1x60', { timeMs: 2 * MINUTE_MS, memory: first.memory });
    expect([...twoMinutes.alerts[0]!.values()][0]).toMatchObject({ state: 'pending', activeAtMs: 0 });
    const anHour = await evaluate(rules, 'x 1x60', { timeMs: 30 * MINUTE_MS, memory: first.memory });
    expect([...anHour.alerts[0]!.values()][0]).toMatchObject({
      state: 'pending',
      activeAtMs: 30 * MINUTE_MS,
    });
  });
});

describe('when there is no data at all', () => {
  const rules = (state: string): string =>
    group(`{ alert: A, expr: x > 0, annotations: { no_data_state: ${state} } }`);
  const second = async (state: string): Promise<GroupEvaluation> => {
    const first = await evaluate(rules(state), 'x 1');
    return evaluate(rules(state), '', { timeMs: 10 * MINUTE_MS, memory: first.memory });
  };
  const shown = ({ alerts }: GroupEvaluation) =>
    [...alerts[0]!.values()].map(({ labels, state }) => [labels.no_data ?? '', state]).sort();

  test.each([
    ['ok', [['', 'inactive']]],
    ['keep_last', [['', 'firing']]],
    [
      'alerting',
      [
        ['', 'inactive'],
        ['true', 'firing'],
      ],
    ],
  ] as const)('%s', async (state, expected) => {
    expect(shown(await second(state))).toEqual(expected);
  });

  test('a value below the threshold is data', async () => {
    const result = await evaluate(rules('alerting'), 'x 0');
    expect(result.alerts[0]!.size).toBe(0);
  });
});
