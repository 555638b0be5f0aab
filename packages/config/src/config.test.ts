// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references look like this
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as d from './decoder.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { parseYaml } from './parse-yaml.ts';
import { formatProblem } from './problem.ts';
import { findSecretNames, withReferences } from './references.ts';

const rule = d.mapping({
  alert: d.required(d.nonEmptyText),
  for: d.withDefault(d.durationMs, 0),
  labels: d.withDefault(d.mapOf(d.text), new Map<string, string>()),
  limit: d.optional(d.integer),
  keep: d.withDefault(d.boolean, false),
  level: d.withDefault(d.oneOf('page', 'ticket'), 'ticket'),
});
const file = d.mapping({ groups: d.required(d.listOf(rule)), weight: d.optional(d.number) });
const read = (source: string) => d.decodeYaml(source, file, { file: 'rules/a.yml' });

test('values are typed, defaults filled in, texts kept as they were written', () => {
  const { value, problems } = read(
    'groups:\n- alert: A\n  for: 1h30m\n  labels: {le: 1.0, on: yes, n: 007}\n  keep: yes\n  limit: 3\n  level: page\n- {alert: B, labels: null}\nweight: 0.5\n',
  );
  expect(problems).toEqual([]);
  expect(value).toEqual({
    groups: [
      {
        alert: 'A',
        for: 5_400_000,
        labels: new Map([
          ['le', '1.0'],
          ['on', 'yes'],
          ['n', '007'],
        ]),
        limit: 3,
        keep: true,
        level: 'page',
      },
      { alert: 'B', for: 0, labels: new Map(), limit: undefined, keep: false, level: 'ticket' },
    ],
    weight: 0.5,
  });
});

test('all faults of a file are told at once, each with its place', () => {
  const { value, problems } = read(
    'groups:\n- alert: ""\n  fro: 1m\n- for: 5 minutes\n- alert: C\n  limit: 1.5\n  keep: maybe\n  level: loud\n  labels: [x]\nweight: heavy\n',
  );
  expect(value).toBeUndefined();
  expect(problems.map(formatProblem)).toEqual([
    'rules/a.yml:2:10: groups[0].alert: must not be empty',
    'rules/a.yml:3:3: groups[0]: unknown key "fro", did you mean for?',
    'rules/a.yml:4:8: groups[1].for: want a duration such as 30s, 5m or 1h30m, got "5 minutes"',
    'rules/a.yml:4:3: groups[1]: alert is missing',
    'rules/a.yml:6:10: groups[2].limit: want a whole number, got "1.5"',
    'rules/a.yml:7:9: groups[2].keep: want true or false, got "maybe"',
    'rules/a.yml:8:10: groups[2].level: want one of page, ticket, got "loud"',
    'rules/a.yml:9:11: groups[2].labels: want a mapping, got a list',
    'rules/a.yml:10:9: weight: want a number, got "heavy"',
  ]);
});

test.each([
  ['groups: [', /:1:\d+: /],
  ['groups: []\ngroups: []\n', /:2:1: Map keys must be unique/],
  ['a: 1\n---\ngroups: []', /only one document/],
  ['- x', /want a mapping, got a list/],
  ['groups: 5', /want a list, got "5"/],
  ['', /groups is missing/],
  ['a: *nowhere', /[Aa]lias/],
])('%j is refused', (source, message) => {
  const { value, problems } = read(source);
  expect(value).toBeUndefined();
  expect(problems.map(formatProblem).join('\n')).toMatch(message);
});

test('anchors, aliases and merge keys are followed, and the mapping itself wins', () => {
  const { value } = read(
    'groups:\n- &a {alert: A, for: 1m}\n- <<: *a\n  alert: B\n- <<: [*a, {limit: 2}]\n  for: 2m\n',
  );
  expect(value?.groups.map((group) => [group.alert, group.for, group.limit])).toEqual([
    ['A', 60_000, undefined],
    ['B', 60_000, undefined],
    ['A', 120_000, 2],
  ]);
});

test('a file that is too large or has too many aliases is refused', () => {
  const big = parseYaml(`a: ${'x'.repeat(5_000_000)}`, { file: 'f' });
  expect(big.problems[0]?.message).toContain('larger than 4 MiB');
  const aliases = parseYaml(`a: &a 1\nb: [${'*a ,'.repeat(1_001)}]`, { file: 'f' });
  expect(aliases.problems[0]?.message).toContain('aliases');
});

test('checks and changes on top of a decoder report at its node', () => {
  const even = d.checked(d.integer, (value) => (value % 2 === 0 ? undefined : `${value} is odd`));
  const half = d.mapped(even, (value) => value / 2);
  expect(d.decodeYaml('4', half, { file: 'f' }).value).toBe(2);
  expect(d.decodeYaml('3', half, { file: 'f' }).problems.map(formatProblem)).toEqual(['f:1:1: 3 is odd']);
});

test('warnings do not make a file unusable, and codes are shown', () => {
  const { value, problems } = d.decodeYaml(
    'x',
    (node) => {
      node.report('careful', { severity: 'warning', code: 'W1' });
      return node.toPlain();
    },
    { file: 'f' },
  );
  expect(value).toBe('x');
  expect(problems.map(formatProblem)).toEqual(['f:1:1: warning: careful [W1]']);
});

test('plain values of a whole tree', () => {
  const [document] = parseYaml('a: [1, {b: true}, null]\n', { file: 'f' }).documents;
  expect(document?.toPlain()).toEqual({ a: [1, { b: true }, null] });
});

describe('references', () => {
  const decode = withReferences(d.text, { env: { HOST: 'h' }, secrets: new Map([['key', 's3']]) });

  test('are replaced', () => {
    expect(d.decodeYaml('x-${env:HOST}-${secret:key}', decode, { file: 'f' }).value).toBe('x-h-s3');
  });

  test('without a value are errors with the remedy', () => {
    const { problems } = d.decodeYaml('"${env:NONE}${secret:none}"', decode, { file: 'f' });
    expect(problems.map(({ message }) => message)).toEqual([
      '${env:NONE}: the environment variable NONE is not set',
      '${secret:none}: there is no secret of this name',
    ]);
  });

  test('to secrets can be listed before decoding', () => {
    expect(findSecretNames('a: ${secret:b} ${env:C}\nd: ${secret:b} ${secret:e}')).toEqual(['b', 'e']);
  });
});

describe('durations', () => {
  test.each([
    ['0', 0],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1y2w3d4h5m6s7ms', 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_706_007],
  ])('%s', (source, durationMs) => expect(parseDuration(source)).toBe(durationMs));

  test.each(['', '5', '1.5h', '5m1h', '1h1h', ' 5m', '-5m', '5 m', '99999999999999y'])(
    '%j is none',
    (source) => expect(parseDuration(source)).toBeUndefined(),
  );

  test('every one is written and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_223_372_036_854 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
      }),
    );
  });

  test.each([
    [7_776_000_000, '90d'],
    [604_800_000, '1w'],
    [5_400_000, '1h30m'],
    [1, '1ms'],
  ])('%d is %s', (durationMs, source) => expect(formatDuration(durationMs)).toBe(source));
});
