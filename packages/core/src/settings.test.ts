import { describe, expect, test } from 'vitest';
import { UsageError } from './errors.ts';
import { readBoolean, readChoice, readInteger, readList, readRatio, readText, readUrl } from './settings.ts';

const port = { fallback: 4318, min: 0, max: 65_535 };

test.each([
  [{}, undefined],
  [{ X: '' }, undefined],
  [{ X: '  ' }, undefined],
  [{ X: ' a b ' }, 'a b'],
])('of %o the text X is %j', (env, expected) => {
  expect(readText(env, 'X')).toBe(expected);
});

test.each([
  ['', 0.5],
  ['0', 0],
  ['0.01', 0.01],
  ['1', 1],
])('the share %j reads as %d', (text, expected) => {
  expect(readRatio({ SHARE: text }, 'SHARE', 0.5)).toBe(expected);
});

test.each(['1.01', '-0.1', '5%', 'NaN'])('the share %j is refused', (text) => {
  expect(() => readRatio({ SHARE: text }, 'SHARE', 0)).toThrow(`SHARE="${text}" is not a number from 0 to 1`);
});

describe('whole numbers', () => {
  test.each([
    [{}, 4318],
    [{ PORT: '' }, 4318],
    [{ PORT: '0' }, 0],
    [{ PORT: ' 65535 ' }, 65_535],
  ])('%o reads as %d', (env, expected) => {
    expect(readInteger(env, 'PORT', port)).toBe(expected);
  });

  test.each(['65536', '-1', '1.5', '1e3', '0x10', 'http', '１'])(
    '%j is refused by name, value and range',
    (text) => {
      const read = () => readInteger({ PORT: text }, 'PORT', port);
      expect(read).toThrow(`PORT="${text}" is not a whole number from 0 to 65535`);
      expect(read).toThrow(UsageError);
    },
  );
});

test.each([
  ['true', true],
  ['TRUE', true],
  ['1', true],
  ['false', false],
  ['0', false],
  ['', true],
])('the boolean %j reads as %s where true is the fallback', (text, expected) => {
  expect(readBoolean({ X: text }, 'X', true)).toBe(expected);
});

test('another boolean is refused', () => {
  expect(() => readBoolean({ X: 'yes' }, 'X', false)).toThrow('X="yes" is neither "true" nor "false"');
});

test('a choice is one of the list, or the fallback when unset', () => {
  const levels = ['info', 'warn'] as const;
  expect(readChoice({ L: 'warn' }, 'L', levels, 'info')).toBe('warn');
  expect(readChoice({}, 'L', levels, 'info')).toBe('info');
  expect(() => readChoice({ L: 'loud' }, 'L', levels, 'info')).toThrow('L="loud" is not one of info, warn');
});

test.each([
  [undefined, undefined],
  ['http://tempo:4318', 'http://tempo:4318'],
  ['https://tempo.example.com/otlp//', 'https://tempo.example.com/otlp'],
])('the URL %j reads as %j', (text, expected) => {
  expect(readUrl({ U: text }, 'U')).toBe(expected);
});

test.each(['tempo', 'ftp://tempo', 'tempo:4318', 'http://user:hunter2@ho st'])(
  '%j is no URL, and is not repeated',
  (text) => {
    expect(() => readUrl({ U: text }, 'U')).toThrow('U is not an http:// or https:// URL');
  },
);

test.each([
  [undefined, []],
  ['a', ['a']],
  [' a ,, b,', ['a', 'b']],
])('the list %j reads as %j', (text, expected) => {
  expect(readList({ L: text }, 'L')).toEqual(expected);
});
