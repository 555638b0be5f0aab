import { describe, expect, test } from 'vitest';
import type { LogSelector } from './ast.ts';
import { createEntry } from './entry.ts';
import { LogqlError } from './logql-error.ts';
import { parseLogql } from './parse-logql.ts';
import { createPipeline } from './pipeline.ts';

/** What a pipeline makes of one line: the line and its labels, or nothing. */
function run(
  stages: string,
  line: string,
  stream: Record<string, string> = { app: 'a' },
): { line: string; labels: Record<string, string> } | undefined {
  const entry = createEntry(1_767_225_600_123_000_000n, line, stream);
  const { stages: parsed } = parseLogql(`{app="a"} ${stages}`) as LogSelector;
  return createPipeline(parsed)(entry) ? { line: entry.line, labels: { ...entry.labels() } } : undefined;
}

const ERRORS: readonly [string, string][] = [
  ['', 'parse error at line 1, col 1: syntax error: unexpected $end'],
  ['{}', 'queries require at least one regexp or equality matcher'],
  ['{app=~".*"}', 'queries require at least one regexp or equality matcher'],
  ['{app="a"', 'parse error at line 1, col 9: syntax error: unexpected $end, expecting }'],
  ['{app=a}', 'parse error at line 1, col 6: syntax error: unexpected IDENTIFIER "a", expecting STRING'],
  ['{app="a"} |= ', 'parse error at line 1, col 14: syntax error: unexpected $end, expecting STRING'],
  ['{app="a"}\n| nosuch', 'parse error at line 2, col 3: syntax error: unexpected IDENTIFIER "nosuch"'],
  ['{app=~"("}', 'parse error at line 1, col 5: error parsing regexp: missing closing )'],
  ['{app="a"} |~ "a("', 'error parsing regexp'],
  ['{app="a} ', 'parse error at line 1, col 6: literal not terminated'],
  ['{app="a"} | regexp "(a)"', 'at least one named capture must be supplied'],
  ['{app="a"} | pattern "x"', 'at least one capture is required'],
  ['{app="a"} | pattern "<a><b>"', 'found consecutive capture'],
  ['rate({app="a"})', 'parse error at line 1, col 15: syntax error: unexpected ), expecting ['],
  ['rate({app="a"}[0s])', 'the range must be longer than nothing'],
  ['sum_over_time({app="a"}[1m])', 'invalid aggregation sum_over_time without unwrap'],
  ['count_over_time({app="a"} | unwrap x [1m])', 'invalid aggregation count_over_time with unwrap'],
  ['rate({app="a"}[1m]) by (x)', 'grouping not allowed for rate aggregation'],
  ['sum({app="a"})', 'sum needs a metric query'],
  ['{app="a"} + 1', 'unexpected type for left leg of binary operation (+)'],
  ['1 or vector(1)', 'unexpected literal for a leg of logical/set binary operation (or)'],
  ['topk(0, rate({app="a"}[1m]))', 'invalid parameter (must be greater than 0)'],
  ['{app="a"} | unwrap x', 'unwrap is only allowed inside a range aggregation'],
  ['{app="a"} | label_format a=b,a=c', "multiple label name 'a' not allowed"],
  ['{app="a"} | line_format "{{ nosuch .a }}"', 'function "nosuch" not defined'],
  ['{app="a"} | line_format "{{ .a"', 'unclosed action'],
  ['{app="a"} | line_format "{{ if .a }}x"', 'an if has no end'],
  ['{app="a"} ?', 'unexpected character "?"'],
  ['("'.repeat(300), 'error'],
];
test.each(ERRORS)('%s is refused: %s', (query, message) => {
  const act = (): unknown => {
    const expr = parseLogql(query);
    return expr.kind === 'logs' ? createPipeline(expr.stages) : expr;
  };
  expect(act).toThrow(LogqlError);
  expect(act).toThrow(message);
});

test('deep nesting is refused, not overflowed', () => {
  expect(() => parseLogql(`${'('.repeat(5000)}1${')'.repeat(5000)}`)).toThrow('nested too deeply');
  expect(() => parseLogql(`{app="a"} | ${'('.repeat(5000)}a="1"${')'.repeat(5000)}`)).toThrow(
    'nested too deeply',
  );
});

test('the expression of label_replace is checked where it stands', () => {
  expect(() => parseLogql('label_replace(rate({a="b"}[1m]), "x", "$1", "a", "(")')).toThrow(
    'parse error at line 1, col 50: error parsing regexp: missing closing ): `(`',
  );
});

test.each([
  'sum by (a, b) (rate({app="a"} |= "x" | json [5m] offset 1h))',
  'sum(rate({app="a"}[5m] |= "x")) without (c)',
  'quantile_over_time(0.99, {app="a"} | logfmt --strict | unwrap duration(took) | __error__="" [1m]) by (path)',
  '(rate({app="a"}[1m]) / on (x) group_left (y) rate({app="b"}[1m])) > bool 1 and vector(1)',
  'label_replace(rate({app="a"}[1m]), "b", "$1", "a", "(.*)")',
  '# a comment\n{app="a"} # another\n != "x" or "y" | a="b", c!="d" or (e>=1KB and f<1.5s)',
])('%s is LogQL', (query) => {
  expect(() => parseLogql(query)).not.toThrow();
});

test('binary operators bind as in PromQL', () => {
  const shape = (expr: ReturnType<typeof parseLogql>): unknown =>
    expr.kind === 'binary'
      ? [shape(expr.left), expr.operator, shape(expr.right)]
      : expr.kind === 'number'
        ? expr.value
        : expr.kind;
  expect(shape(parseLogql('1 + 2 * 3 ^ 2 ^ 2 - 4 > 1'))).toEqual([
    [[1, '+', [2, '*', [3, '^', [2, '^', 2]]]], '-', 4],
    '>',
    1,
  ]);
});

const JSON_LINE =
  '{"a":"1","b":{"c-d":2.50,"e":[1,2],"f":null,"t":true},"app":"own","big":12345678901234567890,"s":"x\\n\\u00e4"} tail=1';

const CASES: readonly [
  string,
  string,
  string,
  { line?: string; labels?: Record<string, string> } | undefined,
][] = [
  ['|= keeps lines with the text', '|= "needle"', 'a needle here', {}],
  ['|= drops lines without it', '|= "needle"', 'nothing', undefined],
  ['|= with or keeps either', '|= "x" or "here"', 'a needle here', {}],
  ['!= with or drops either', '!= "x" or "here"', 'a needle here', undefined],
  ['|~ searches', '|~ "n..dle\\\\s"', 'a needle here', {}],
  ['|~ knows flags', '|~ "(?i)NEEDLE"', 'a needle here', {}],
  ['!~ drops what it finds', '!~ "ne+dle"', 'a needle here', undefined],
  ['|> is a pattern over the whole line', '|> "<_> needle <_>"', 'a needle here', {}],
  ['|> needs all of the line', '|> "needle <_>"', 'a needle here', undefined],
  ['!> is its contrary', '!> "<_>here"', 'a needle here', undefined],
  ['|= ip finds an address', '|= ip("10.0.0.0/8")', 'from 10.1.2.3 port 80', {}],
  ['|= ip looks at addresses only', '|= ip("10.0.0.0/8")', 'from 11.1.2.3 port 80', undefined],
  ['|= ip takes ranges and IPv6', '|= ip("2001:db8::1-2001:db8::ff")', 'from 2001:db8::a.', {}],
  [
    'json flattens, keeps numbers as written, skips arrays and nulls, and ignores what follows',
    '| json',
    JSON_LINE,
    {
      labels: {
        app: 'a',
        a: '1',
        b_c_d: '2.50',
        b_t: 'true',
        app_extracted: 'own',
        big: '12345678901234567890',
        s: 'x\nä',
      },
    },
  ],
  [
    'json takes chosen fields',
    '| json x="b.e[1]", y="b[\\"c-d\\"]", z="b", w="no"',
    JSON_LINE,
    { labels: { app: 'a', x: '2', y: '2.5', z: '{"c-d":2.5,"e":[1,2],"f":null,"t":true}' } },
  ],
  ['json marks what it cannot read', '| json | __error__="JSONParserErr"', 'plain text', {}],
  ['an error can be filtered away', '| json | __error__=""', '{"a":', undefined],
  [
    'logfmt',
    '| logfmt',
    'level=warn msg="two words \\"q\\"" empty= took=1.5s flag',
    { labels: { app: 'a', level: 'warn', msg: 'two words "q"', took: '1.5s' } },
  ],
  [
    'logfmt takes chosen keys',
    '| logfmt x="level", took',
    'level=warn took=1s',
    { labels: { app: 'a', x: 'warn', took: '1s' } },
  ],
  ['logfmt --strict marks what is none', '| logfmt --strict | __error__="LogfmtParserErr"', 'a=b "c', {}],
  [
    'regexp takes named groups',
    '| regexp "(?P<method>\\\\w+) (?P<path>\\\\S+)"',
    'GET /a/b 200',
    { labels: { app: 'a', method: 'GET', path: '/a/b' } },
  ],
  [
    'pattern',
    '| pattern `<ip> - <_> "<method> <path>"`',
    '1.2.3.4 - x "GET /a"',
    { labels: { app: 'a', ip: '1.2.3.4', method: 'GET', path: '/a' } },
  ],
  ['pattern takes what it can', '| pattern `<a>:<b>;`', '1:2', { labels: { app: 'a', a: '1' } }],
  [
    'unpack',
    '| unpack',
    '{"pod":"p","n":1,"_entry":"the line"}',
    { line: 'the line', labels: { app: 'a', pod: 'p' } },
  ],
  ['decolorize', '| decolorize', '\u001b[31mred\u001b[0m and \\u001b[1mbold', { line: 'red and bold' }],
  ['line_format', '| logfmt | line_format "{{.a}}-{{.b | ToUpper}}-{{.none}}"', 'a=1 b=x', { line: '1-X-' }],
  [
    'line_format with conditions and functions',
    '| logfmt | line_format `{{if eq .a "1"}}one{{else if .b}}b{{else}}none{{end}} {{printf "%05.1f|%q" .n .s}} {{ __line__ | trunc 3 }}`',
    'a=1 n=3.14159 s=x',
    { line: 'one 003.1|"x" a=1' },
  ],
  [
    'line_format trims with markers',
    '| logfmt | line_format "a {{- .x -}} b{{/* no */}}"',
    'x=1',
    { line: 'a1b' },
  ],
  [
    'line_format with parentheses and math',
    '| logfmt | line_format `{{ add 1 (mul 2 .n) }} {{ div 7 2 }} {{ divf 7 2 }} {{ round 2.345 2 }}`',
    'n=3',
    { line: '7 3 3.5 2.35' },
  ],
  [
    'line_format with replacements',
    '| logfmt | line_format `{{ regexReplaceAll "(\\\\d+)" .a "<$1>" }} {{ Replace .b "x" "y" 1 }} {{ .b | replace "x" "z" }}`',
    'a=id42 b=xx',
    { line: 'id<42> yx zz' },
  ],
  [
    'a function that refuses its input marks the line',
    '| logfmt | line_format "{{ div 1 .z }}" | __error__="TemplateFormatErr"',
    'z=0',
    {},
  ],
  [
    'label_format renames and makes',
    '| logfmt | label_format new=a, c="{{.b}}!"',
    'a=1 b=2',
    { labels: { app: 'a', new: '1', b: '2', c: '2!' } },
  ],
  ['label_format works on stream labels', '| label_format app="x"', 'l', { labels: { app: 'x' } }],
  [
    'drop by name and by value',
    '| logfmt | drop a, b="2", c="9"',
    'a=1 b=2 c=3',
    { labels: { app: 'a', c: '3' } },
  ],
  ['keep by name', '| logfmt | keep c', 'a=1 c=3', { labels: { c: '3' } }],
  ['text comparison', '| logfmt | a=~"1|2", b!="x"', 'a=2 b=y', {}],
  ['an absent label is empty', '| none=""', 'x', {}],
  ['an absent label is no number', '| none < 5', 'x', undefined],
  ['numbers', '| logfmt | n >= 2.5 and n < 3', 'n=2.75', {}],
  ['durations', '| logfmt | took > 1.5s', 'took=1m', {}],
  ['sizes', '| logfmt | size <= 1KB', 'size=1000B', {}],
  ['binary sizes', '| logfmt | size > 1KB', 'size=1KiB', {}],
  ['what is no number passes with a mark', '| logfmt | n > 1 | __error__="LabelFilterErr"', 'n=abc', {}],
  ['or binds looser than and', '| logfmt | a="1" or b="2" and c="no"', 'a=1 b=2', {}],
  ['parentheses', '| logfmt | (a="1" or b="2") and c="no"', 'a=1 b=2', undefined],
  ['ip as label filter', '| logfmt | addr=ip("192.168.0.0/16")', 'addr=192.168.3.4', {}],
  [
    'ids beside the line are labels',
    '| trace_id="0102"',
    '{"trace_id":"0102","attributes":{"trace_id":"9"}} tracking_id="x"',
    { labels: { app: 'a', trace_id: '0102' } },
  ],
];
test.each(CASES)('%s', (_name, stages, line, expected) => {
  const result = run(stages, line);
  if (expected === undefined) expect(result).toBeUndefined();
  else expect(result).toMatchObject(expected);
  if (expected?.labels !== undefined) expect(result?.labels).toEqual(expected.labels);
});

describe('templates', () => {
  const TEMPLATES: readonly [string, string][] = [
    ['{{ .v | lower | title }}', 'Hello World'],
    ['{{ trimPrefix "HELLO " .v }}|{{ TrimSuffix .v "WORLD" }}', 'WORLD|HELLO '],
    ['{{ substr 0 5 .v }}|{{ trunc -5 .v }}', 'HELLO|WORLD'],
    ['{{ alignLeft 13 .v }}|{{ alignRight 5 .v }}', 'HELLO WORLD  |WORLD'],
    ['{{ .v | b64enc | b64dec }}', 'HELLO WORLD'],
    ['{{ urlencode .v }} {{ urldecode "a%2Fb+c" }}', 'HELLO+WORLD a/b c'],
    ['{{ contains "LLO" .v }} {{ hasPrefix "X" .v }} {{ not .none }}', 'true false true'],
    ['{{ default "none" .none }} {{ len .v }} {{ count "L" .v }}', 'none 11 3'],
    ['{{ if and .v (gt 2 1) }}yes{{ end }}{{ if or .none "" }}no{{ end }}', 'yes'],
    [
      '{{ duration "1m30s" }} {{ bytes "2KB" }} {{ max 1 5 3 }} {{ minf 1.5 0.5 }} {{ mod 7 3 }}',
      '90 2000 5 0.5 1',
    ],
    ['{{ unixEpoch "2026-01-01T00:00:00Z" }} {{ __timestamp__ }}', '1767225600 2026-01-01T00:00:00.123Z'],
    [
      '{{ indent 2 "a" }}|{{ repeat 3 "ab" }}|{{ trimAll "x" "xax" }}|{{ Trim "..a." "." }}',
      '  a|ababab|a|a',
    ],
    ['{{ printf "%-5s|%5d|%x|%%|%v" "ab" 42 255 true }}', 'ab   |   42|ff|%|true'],
    [
      '{{ floor 2.7 }} {{ ceil 2.1 }} {{ int 2.9 }} {{ sub 5 2 }} {{ lt 1 2 }} {{ ne "a" "b" }}',
      '2 3 2 3 true true',
    ],
  ];
  test.each(TEMPLATES)('%s → %s', (template, expected) => {
    expect(run(`| label_format v="HELLO WORLD" | line_format \`${template}\``, 'x')?.line).toBe(expected);
  });
});
