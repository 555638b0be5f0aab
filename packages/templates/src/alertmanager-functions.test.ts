import { describe, expect, test } from 'vitest';
import { alertmanagerFunctions } from './alertmanager-functions.ts';
import type { GoValue } from './go-value.ts';
import { GoDuration, GoMap } from './go-value.ts';
import { createTemplateSet } from './template-set.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const set = createTemplateSet({ functions: alertmanagerFunctions({ nowMs: NOW_MS }) });
const DATA: Readonly<Record<string, GoValue>> = {
  Time: new Date(NOW_MS - 90_000),
  Later: new Date(NOW_MS),
  Zero: new Date(-62_135_596_800_000),
  Map: new GoMap([
    ['b', '2'],
    ['a', '1'],
  ]),
  List: ['x', 'y'],
  Duration: new GoDuration(5_400_000_000_000n),
  Text: 'hello WORLD',
};
const render = (source: string, html = false): string => set.render(source, DATA, { html });

describe('functions of Alertmanager', () => {
  test.each([
    ['{{ .Text | title }}', 'Hello World'],
    ['{{ "it\'s o\'clock-ish" | title }}', "It's O'clock-Ish"],
    ['{{ .Text | toUpper }} {{ .Text | toLower }}', 'HELLO WORLD hello world'],
    ['{{ "  x " | trimSpace }}|', 'x|'],
    ['{{ join "-" .List }}', 'x-y'],
    ['{{ stringSlice "a" "b" | join "," }}', 'a,b'],
    ['{{ append .List "z" | join "," }}', 'x,y,z'],
    ['{{ list 1 "b" true }}', '[1 b true]'],
    ['{{ $d := dict "k" 1 "l" "v" }}{{ $d.k }}{{ $d.l }}', '1v'],
    [
      '{{ match "^h" .Text }} {{ reReplaceAll "o(.)" "0$1" .Text }}',
      'true hello WORLD'.replace('o W', '0 W'),
    ],
    ['{{ date "2006-01-02 15:04" .Time }}', '2026-01-02 03:02'],
    ['{{ .Time | tz "Europe/Berlin" | date "15:04 -0700" }}', '04:02 +0100'],
    ['{{ since .Time }}', '1m30s'],
    ['{{ since .Time | humanizeDuration }} {{ humanizeDuration 90 }}', '1m 30s 1m 30s'],
    ['{{ toJson .Map }}', '{"a":"1","b":"2"}'],
    [
      '{{ toJson .List }} {{ toJson .Time }} {{ toJson .Duration }} {{ toJson 1 }}',
      '["x","y"] "2026-01-02T03:02:35Z" 5400000000000 1',
    ],
    ['{{ toJson . | len | lt 10 }}', 'true'],
    ['{{ urlUnescape "a%20b+c" }}', 'a b c'],
    ['{{ "a b&c" | urlquery }}', 'a+b%26c'],
    ['{{ safeHtml "<b>" }}{{ safeUrl "x" }}', '<b>x'],
  ])('%s prints %s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  test.each([
    ['{{ dict "a" }}', 'dict takes pairs of key and value'],
    ['{{ dict 1 2 }}', 'dict keys must be strings'],
    ['{{ date "2006" "soon" }}', 'want a time'],
    ['{{ tz "Mars/Olympus" .Time }}', 'unknown time zone Mars/Olympus'],
    ['{{ join "," "x" }}', 'want a list'],
    ['{{ urlUnescape "%zz" }}', 'invalid URL escape'],
    ['{{ match "(" "x" }}', 'error parsing regexp'],
  ])('%s fails: %s', (source, message) => {
    expect(() => render(source)).toThrow(message);
  });

  test('what is safe is not escaped, everything else is', () => {
    expect(render('{{ "<a+b>" }} {{ safeHtml "<i>" }}', true)).toBe('&lt;a&#43;b&gt; <i>');
  });
});

describe('methods', () => {
  test.each([
    [
      '{{ .Time.Unix }} {{ .Time.UnixMilli }} {{ .Time.UnixNano }}',
      '1767322955 1767322955000 1767322955000000000',
    ],
    ['{{ .Time.Year }}-{{ .Time.Month }}-{{ .Time.Day }} {{ .Time.Weekday }}', '2026-January-2 Friday'],
    ['{{ .Time.Hour }}:{{ .Time.Minute }}:{{ .Time.Second }}', '3:2:35'],
    ['{{ .Time.IsZero }} {{ .Zero.IsZero }}', 'false true'],
    ['{{ .Time.Before .Later }} {{ .Time.After .Later }}', 'true false'],
    ['{{ .Later.Sub .Time }} {{ (.Time.Add .Duration).Format "15:04:05" }}', '1m30s 04:32:35'],
    ['{{ .Time.UTC.Format "15:04" }} {{ .Time.Local.Format "15:04" }}', '03:02 03:02'],
    ['{{ .Time.String }}', '2026-01-02 03:02:35 +0000 UTC'],
    [
      '{{ .Duration.Seconds }} {{ .Duration.Minutes }} {{ .Duration.Hours }} {{ .Duration.Milliseconds }} {{ .Duration.String }}',
      '5400 90 1.5 5400000 1h30m0s',
    ],
  ])('%s prints %s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});
