import { describe, expect, test } from 'vitest';
import { alertmanagerFunctions } from './alertmanager-functions.ts';
import { formatDuration, printValue, sprintf } from './go-print.ts';
import { formatTime, inZone } from './go-time.ts';
import { GoDuration, GoMap, type GoValue, withMethods } from './go-value.ts';
import { humanize, humanize1024, humanizeDuration, humanizePercentage } from './humanize.ts';
import { prometheusFunctions, type TemplateSample } from './prometheus-functions.ts';
import { createTemplateSet } from './template-set.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 15, 4, 5);
const samples: readonly TemplateSample[] = [
  { labels: { instance: 'b', __value__: 'x' }, value: 21 },
  { labels: { instance: 'a' }, value: 11 },
];
const prometheus = createTemplateSet({
  functions: prometheusFunctions({
    query: (expression) => (expression === 'none' ? [] : samples),
    externalUrl: 'http://sluice.test/base/',
  }),
  variables: ['$labels', '$value'],
});
const labels = new GoMap(
  [
    ['job', 'api'],
    ['instance', 'db1.example.com:5432'],
  ],
  { zero: '' },
);
const expand = (source: string): string =>
  prometheus.render(source, undefined, { variables: { $labels: labels, $value: 0.12345 } });

describe('the language', () => {
  const data: GoValue = {
    Name: 'x',
    List: ['a', 'b', 'c'],
    Empty: [],
    Map: new GoMap([
      ['k', 1n],
      ['a', 2n],
    ]),
    Text: new GoMap([['k', 'v']], { zero: '' }),
    Nested: { Field: { Deep: 'end' } },
    Twice: (value: GoValue) => `${value}${value}`,
    Alerts: withMethods(['one', 'two'], { Firing: () => ['one'] }),
  };
  const set = createTemplateSet({
    functions: {},
    files: [{ name: 'shared.tmpl', source: '{{ define "greet" }}hello {{ . }}{{ end }}' }],
  });

  test.each([
    ['plain', 'plain'],
    ['{{ .Name }}', 'x'],
    ['{{.Nested.Field.Deep}}', 'end'],
    ['{{ (.Nested).Field.Deep }}', 'end'],
    ['a  {{- " b " -}}  c', 'a b c'],
    ['a {{- /* nothing */ -}} b', 'ab'],
    ['{{ if .Empty }}yes{{ else if .Name }}second{{ else }}no{{ end }}', 'second'],
    ['{{ if and .Name .List }}both{{ end }}', 'both'],
    ['{{ or .Empty "default" }}', 'default'],
    ['{{ not .Empty }}', 'true'],
    ['{{ range .List }}<{{ . }}>{{ end }}', '<a><b><c>'],
    ['{{ range $i, $e := .List }}{{ $i }}{{ $e }}{{ end }}', '0a1b2c'],
    ['{{ range $k, $v := .Map }}{{ $k }}={{ $v }};{{ end }}', 'a=2;k=1;'],
    ['{{ range .Empty }}x{{ else }}none{{ end }}', 'none'],
    ['{{ range .List }}{{ if eq . "b" }}{{ continue }}{{ end }}{{ . }}{{ end }}', 'ac'],
    ['{{ range .List }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}', 'a'],
    ['{{ range 3 }}{{ . }}{{ end }}', '012'],
    ['{{ with .Nested.Field }}{{ .Deep }}{{ end }}', 'end'],
    ['{{ with .Empty }}x{{ else }}none{{ end }}', 'none'],
    ['{{ $x := 1 }}{{ range .List }}{{ $x = . }}{{ end }}{{ $x }}', 'c'],
    ['{{ $x := "out" }}{{ with .Name }}{{ $x := "in" }}{{ $x }}{{ end }}{{ $x }}', 'inout'],
    ['{{ range .List }}{{ $.Name }}{{ end }}', 'xxx'],
    ['{{ template "greet" .Name }}', 'hello x'],
    ['{{ block "own" "me" }}I am {{ . }}{{ end }}', 'I am me'],
    ['{{ .Twice "ab" }}', 'abab'],
    ['{{ "ab" | .Twice }}', 'abab'],
    ['{{ .Alerts.Firing }} {{ len .Alerts }}', '[one] 2'],
    ['{{ .Map.missing }}|{{ .Text.missing }}', '<no value>|'],
    ['{{ index .List 1 }}{{ index .Map "k" }}', 'b1'],
    ['{{ slice "abcdef" 1 3 }}{{ slice .List 2 }}', 'bc[c]'],
    ['{{ print 1 2 "x" 3.5 nil }}', '1 2x3.5 <nil>'],
    [
      '{{ printf "%05.1f|%-4s|%4d|%q|%v|%%|%+d|%x" 3.14159 "ab" 7 "q\\"" .List 5 "hi" }}',
      '003.1|ab  |   7|"q\\""|[a b c]|%|+5|6869',
    ],
    ['{{ println "x" 1 }}', 'x 1\n'],
    ['{{ html "<a href=\'x\'>" }}', '&lt;a href=&#39;x&#39;&gt;'],
    ['{{ urlquery "a b&c" }}', 'a+b%26c'],
    ['{{ js "it\'s" }}', "it\\'s"],
    [
      '{{ eq 1 2 1 }} {{ ne "a" "b" }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 2.5 1.5 }} {{ ge "b" "a" }}',
      'true true true true true true',
    ],
    ["{{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ -2 }} {{ 'a' }} {{ `raw {{` }}", '31 1000 1000 -2 97 raw {{'],
    ['{{ "tab\\tunicode\\u00e9" }}', 'tab\tunicodeé'],
    ['{{ true }}{{ .Map }}', 'truemap[a:2 k:1]'],
  ])('%s', (source, expected) => {
    expect(set.render(source, data)).toBe(expected);
  });

  test.each([
    ['{{ .Name', 'template: t:1: unclosed action'],
    ['\n{{ if .Name }}', 'template: t:2: unexpected EOF'],
    ['{{ nothere }}', 'template: t:1: function "nothere" not defined'],
    ['{{ $x }}', 'template: t:1: undefined variable "$x"'],
    ['{{ end }}', 'template: t:1: unexpected {{end}}'],
    ['{{ "abc }}', 'template: t:1: unterminated quoted string'],
    ['{{ (1 }}', 'template: t:1: unclosed left paren'],
    ['{{ break }}', 'template: t:1: {{break}} outside {{range}}'],
    ['{{ 1a }}', 'template: t:1: bad number syntax: "1a"'],
    ['{{ /* }}', "template: t:1: unexpected U+002F '/' in command"],
    ['{{/* }}', 'template: t:1: unclosed comment'],
    ['{{ | print }}', 'template: t:1: missing value for command'],
    ['{{}}', 'template: t:1: missing value for command'],
  ])('cannot be parsed: %s', (source, message) => {
    expect(() => set.check(source, 't')).toThrow(message);
  });

  test.each([
    [
      '{{ .Name.Deep }}',
      'template: t:1:3: executing "t" at <.Name.Deep>: can\'t evaluate field Deep in type string',
    ],
    ['{{ .Missing }}', "can't evaluate field Missing in type struct"],
    ['{{ .constructor }}', "can't evaluate field constructor in type struct"],
    ['{{ index .List 7 }}', 'error calling index: index out of range: 7'],
    ['{{ lt 1 1.5 }}', 'error calling lt: incompatible types for comparison'],
    ['{{ template "missing" }}', 'template "missing" not defined'],
    ['{{ range 200000 }}x{{ end }}', 'too many steps'],
    [
      '{{ define "loop" }}{{ template "loop" }}{{ end }}{{ template "loop" }}',
      'exceeded maximum template depth',
    ],
    ['{{ .Name 1 }}', 'is not a method but has arguments'],
  ])("fails in Go's words: %s", (source, message) => {
    expect(() => set.render(source, data, { name: 't' })).toThrow(message);
  });

  test('escapes what actions print when it makes HTML, and leaves safe HTML alone', () => {
    const html = createTemplateSet({ functions: alertmanagerFunctions({ nowMs: NOW_MS }) });
    expect(html.render('<p>{{ . }}{{ . | safeHtml }}</p>', '<b>', { html: true })).toBe(
      '<p>&lt;b&gt;<b></p>',
    );
  });
});

describe('what Prometheus adds', () => {
  test.each([
    ['{{ $labels.job }} {{ $labels.missing }}|{{ $value | humanizePercentage }}', 'api |12.35%'],
    ['{{ $value }}', '0.12345'],
    ['{{ query "up" | first | value }}', '21'],
    [
      '{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}:{{ .Value }} {{ end }}',
      'a:11 b:21 ',
    ],
    ['{{ with query "none" }}some{{ else }}none{{ end }}', 'none'],
    ['{{ query "up" | first | label "instance" }}{{ query "up" | first | strvalue }}', 'bx'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: RE2's way to name a group
    ['{{ reReplaceAll "(\\\\w+)\\\\.example" "${1}.test" $labels.instance }}', 'db1.test.com:5432'],
    ['{{ if match "^a.i$" $labels.job }}yes{{ end }}', 'yes'],
    ['{{ "aa bb" | title }} {{ toUpper "x" }}{{ toLower "Y" }}', 'Aa Bb Xy'],
    ['{{ humanizeTimestamp 1435065584.128 }}', '2015-06-23 13:19:44.128 +0000 UTC'],
    ['{{ (1435065584 | toTime).Year }}', '2015'],
    ['{{ toDuration 90 }}', '1m30s'],
    ['{{ parseDuration "1h2m10ms" }}', '3720.01'],
    [
      '{{ graphLink "up == 0" }} {{ tableLink "up" }}',
      '/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=up&g0.tab=1',
    ],
    [
      '{{ stripPort "a:1" }} {{ stripPort "[::1]:80" }} {{ stripDomain $labels.instance }} {{ stripDomain "10.0.0.1:9" }}',
      'a ::1 db1:5432 10.0.0.1:9',
    ],
    ['{{ externalURL }} {{ pathPrefix }}', 'http://sluice.test/base/ /base'],
    ['{{ define "x" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template "x" (args 1 "b") }}', '1-b'],
    ['{{ humanize "2048" }} {{ humanize1024 2048 }}', '2.048k 2ki'],
  ])('%s', (source, expected) => {
    expect(expand(source)).toBe(expected);
  });

  test.each([
    ['{{ query "none" | first }}', 'first() called on vector with no elements'],
    ['{{ match "(" "x" }}', 'error parsing regexp: missing closing )'],
    ['{{ humanize "x" }}', 'strconv.ParseFloat: parsing "x": invalid syntax'],
    ['{{ parseDuration "1x" }}', 'not a valid duration string: "1x"'],
  ])('fails: %s', (source, message) => {
    expect(() => expand(source)).toThrow(message);
  });

  test.each([
    [0, '0', '0', '0%', '0s'],
    [1, '1', '1', '100%', '1s'],
    [1234567, '1.235M', '1.177Mi', '1.235e+08%', '14d 6h 56m 7s'],
    [0.00123, '1.23m', '0.00123', '0.123%', '1.23ms'],
    [-3661, '-3.661k', '-3.575ki', '-3.661e+05%', '-1h 1m 1s'],
    [90, '90', '90', '9000%', '1m 30s'],
    [1000, '1k', '1000', '1e+05%', '16m 40s'],
    [59.999, '60', '60', '6000%', '60s'],
    [Number.POSITIVE_INFINITY, '+Inf', '+Inf', '+Inf%', '+Inf'],
    [Number.NaN, 'NaN', 'NaN', 'NaN%', 'NaN'],
  ])('humanizes %d', (value, si, binary, percentage, duration) => {
    expect([
      humanize(value),
      humanize1024(value),
      humanizePercentage(value),
      humanizeDuration(value),
    ]).toEqual([si, binary, percentage, duration]);
  });
});

describe('what Alertmanager adds', () => {
  const set = createTemplateSet({ functions: alertmanagerFunctions({ nowMs: NOW_MS }) });
  const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 60));
  test.each([
    ['{{ join ", " (stringSlice "a" "b") }}', 'a, b'],
    ['{{ list 1 2 | toJson }} {{ append (list 1) 2 }}', '[1,2] [1 2]'],
    ['{{ (dict "k" "v").k }}', 'v'],
    ['{{ date "2006-01-02 15:04:05 MST" . }}', '2026-01-02 03:04:05 UTC'],
    ['{{ tz "America/New_York" . | date "15:04 MST -07:00" }}', '22:04 EST -05:00'],
    ['{{ .Format "Jan _2 3:04PM .000" }}', 'Jan  2 3:04AM .060'],
    ['{{ (since .).Hours | printf "%.0f" }}', '7764'],
    ['{{ since . | humanizeDuration }}', '323d 11h 59m 59s'],
    ['{{ urlUnescape "a%20b" }} {{ trimSpace " x " }}', 'a b x'],
    ['{{ toJson . }}', '"2026-01-02T03:04:05.060Z"'],
    ['{{ .Unix }} {{ .IsZero }} {{ .Weekday }}', '1767323045 false Friday'],
  ])('%s', (source, expected) => {
    expect(set.render(source, at)).toBe(expected);
  });

  test.each([
    ['{{ tz "Nowhere/City" . }}', 'unknown time zone Nowhere/City'],
    ['{{ date "2006" "x" }}', 'want a time, got string'],
    ['{{ urlUnescape "%zz" }}', 'invalid URL escape'],
    ['{{ dict "k" }}', 'pairs of key and value'],
  ])('fails: %s', (source, message) => {
    expect(() => set.render(source, at)).toThrow(message);
  });
});

describe('printing', () => {
  test.each<[GoValue, string]>([
    [1e6, '1e+06'],
    [123456, '123456'],
    [0.00001, '1e-05'],
    [0.0001, '0.0001'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [-0, '-0'],
    [2n ** 64n, '18446744073709551616'],
    [undefined, '<no value>'],
    [[undefined, 'a', 1.5], '[<nil> a 1.5]'],
    [{ A: 'x', B: 1n }, '{x 1}'],
    [new GoDuration(1_500_000_000n), '1.5s'],
    [new Date(0), '1970-01-01 00:00:00 +0000 UTC'],
  ])('%s as %s', (value, text) => {
    expect(printValue(value)).toBe(text);
  });

  test.each([
    [0n, '0s'],
    [999n, '999ns'],
    [1_500n, '1.5µs'],
    [2_000_000n, '2ms'],
    [3_600_000_000_000n, '1h0m0s'],
    [-61_000_000_000n, '-1m1s'],
  ])('a duration of %d ns is %s', (nanoseconds, text) => {
    expect(formatDuration(nanoseconds)).toBe(text);
  });

  test.each<[string, readonly GoValue[], string]>([
    ['%d', ['x'], '%!d(string=x)'],
    ['%s', [], '%!s(MISSING)'],
    ['x', [1n], 'x%!(EXTRA int=1)'],
    ['%', [], '%!(NOVERB)'],
    ['%6.2f|%-6.1f|%+.0f', [1.234, 5.55, 2], '  1.23|5.5   |+2'],
    ['%e %g %.3g %G', [123456.789, 1e-7, 123456.789, 1e21], '1.234568e+05 1e-07 1.23e+05 1e+21'],
    ['%t %v %T', [true, undefined, 1n], 'true <nil> int'],
    ['%*d|%.*f', [4n, 7n, 1n, 2.55], '   7|2.5'],
    ['%b %o %c %X', [5n, 8n, 65n, 255n], '101 10 A FF'],
    ['%03d %03d', [-5n, 5n], '-05 005'],
  ])('sprintf %s', (format, args, text) => {
    expect(sprintf(format, args)).toBe(text);
  });

  test('times in zones with daylight saving and without abbreviations', () => {
    const time = new Date(Date.UTC(2026, 6, 1, 12, 0, 0));
    expect(formatTime(inZone(time, 'Europe/Berlin'), 'Monday, 02 January 2006 15:04 -0700')).toBe(
      'Wednesday, 01 July 2026 14:00 +0200',
    );
    expect(formatTime(inZone(time, 'Asia/Kolkata'), '06/1/2 3:4:5 pm Z0700 Z07:00')).toBe(
      '26/7/1 5:30:0 pm +0530 +05:30',
    );
    expect(formatTime(time, '2006-01-02T15:04:05.999Z07:00')).toBe('2026-07-01T12:00:00Z');
  });
});
