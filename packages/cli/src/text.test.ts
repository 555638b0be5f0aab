import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest } from './nearest.ts';
import { parsePrometheusText, sumOf, valuesOf } from './prometheus-text.ts';
import { formatBytes, formatCount, formatDuration, plural } from './quantity.ts';
import { createStyle, safeJson, safeText } from './terminal-text.ts';
import { createFakeIo } from './testing/fake-io.ts';
import { renderTable } from './text-table.ts';

describe('the nearest word', () => {
  const known = ['status', 'send', 'keys', 'doctor', 'concurrency', 'ingest:write'];
  test.each([
    ['sned', 'send'],
    ['sen', 'send'],
    ['stauts', 'status'],
    ['DOCTOR', 'doctor'],
    ['concurency', 'concurrency'],
    ['conc', 'concurrency'],
    ['ingest:wirte', 'ingest:write'],
    ['xyz', undefined],
    ['q', undefined],
    ['statistics', undefined],
  ])('of %s is %s', (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});

describe('text on its way to a terminal', () => {
  test('holds no control characters and no direction marks, whatever the data', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(safeText(text))).toBe(false);
      }),
    );
  });

  test.each([
    ['\u001b[2J', '\\x1b[2J'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['\u009b31m', '\\x9b31m'],
    ['user\u202egnp.exe', 'user\\u202egnp.exe'],
    ['Grüße 🚰', 'Grüße 🚰'],
  ])('%j is shown as %s', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  test('JSON stays the same value and holds no raw control characters', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
        const printed = safeJson(value);
        expect(/[\u007f-\u009f\u202e]/.test(printed)).toBe(false);
        expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([
    [true, {}, '\u001b[31mx\u001b[39m'],
    [true, { NO_COLOR: '1' }, 'x'],
    [true, { NO_COLOR: '' }, '\u001b[31mx\u001b[39m'],
    [true, { TERM: 'dumb' }, 'x'],
    [false, {}, 'x'],
  ])('colours: terminal %s with %j', (isTerminal, env: Record<string, string>, expected) => {
    expect(createStyle(createFakeIo({ isTerminal }).stdout, env).red('x')).toBe(expected);
  });

  test('tables are as wide as their cells, numbers at the right, cells made safe', () => {
    const style = createStyle(createFakeIo().stdout, {});
    const table = renderTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'WHY' }],
      [
        ['a\u0007', '1', 'x'],
        ['long name', '1,000', ''],
      ],
      { style },
    );
    expect(table).toBe('NAME           N  WHY\na\\x07          1  x\nlong name  1,000  \n');
  });
});

describe('quantities', () => {
  test.each([
    [0, '0 s'],
    [0.2, '1 ms'],
    [850, '850 ms'],
    [4200, '4.2 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [18_600_000, '5 h 10 min'],
    [183_600_000, '2 d 3 h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test.each([
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [20 * 1024 * 1024, '20 MiB'],
    [500 * 1024, '500 KiB'],
    [2 ** 52, '4096 TiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test('counts have separators, nouns their plural', () => {
    expect([formatCount(1_234_567), plural(1, 'file'), plural(1200, 'file')]).toEqual([
      '1,234,567',
      '1 file',
      '1,200 files',
    ]);
  });
});

describe('Prometheus text', () => {
  const samples = parsePrometheusText(`# HELP a text
# TYPE a counter
a{queue="traces",state="visible"} 3
a{queue="traces",state="delayed"} 4
a{queue="q\\"1\\\\\\n"} 1.5e3
b +Inf
c -Inf 1700000000000
this is { not a sample
`);
  test('is read with its labels', () => {
    expect(sumOf(samples, 'a')).toBe(1507);
    expect(sumOf(samples, 'a', { queue: 'traces' })).toBe(7);
    expect(sumOf(samples, 'a', { queue: 'traces', state: 'delayed' })).toBe(4);
    expect(sumOf(samples, 'absent')).toBe(0);
    expect(valuesOf(samples, 'a', 'queue')).toEqual(['q"1\\\n', 'traces']);
    expect([sumOf(samples, 'b'), sumOf(samples, 'c')]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect([...samples.keys()]).toEqual(['a', 'b', 'c']);
  });
});
