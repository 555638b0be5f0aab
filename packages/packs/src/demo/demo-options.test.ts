import { describe, expect, test } from 'vitest';
import { parseDemoOptions } from './demo-options.ts';

const parse = (argv: readonly string[], env: Record<string, string> = {}) =>
  parseDemoOptions(argv, { env, drawSeed: () => 99 });

describe('demo options', () => {
  test('without any, everything, 5 visits a second to the local pipeline until Ctrl-C', () => {
    expect(parse([])).toEqual({
      plays: ['shop', 'titan', 'perfect21', 'loom', 'ai-teams', 'lyss'],
      visitsPerSecond: 5,
      seed: 99,
      endpoint: 'http://127.0.0.1:4318',
      headers: {},
    });
  });

  test('flags and the variables of the SDK specification are honoured', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example/base/',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-extra=1=2,broken, odd=%zz',
    };
    expect(parse(['--rate', '0.5', '--duration=10', '--seed', '3'], env)).toMatchObject({
      visitsPerSecond: 0.5,
      durationMs: 10_000,
      seed: 3,
      endpoint: 'https://otlp.example/base',
      headers: { authorization: 'Bearer abc', 'x-extra': '1=2', odd: '%zz' },
    });
  });

  test('what to play can be chosen, once or often, in any order and case', () => {
    expect(parse(['--only', 'lyss'])).toMatchObject({ plays: ['lyss'] });
    expect(parse(['--only', 'Lyss, shop', '--only', 'loom'])).toMatchObject({
      plays: ['shop', 'loom', 'lyss'],
    });
  });

  test('the variables of the command line win over those of the SDK', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20other,x-extra=1',
      SLUICE_URL: 'http://127.0.0.1:5000/',
      SLUICE_KEY: 'slk_1',
    };
    expect(parse([], env)).toMatchObject({
      endpoint: 'http://127.0.0.1:5000',
      headers: { authorization: 'Bearer slk_1', 'x-extra': '1' },
    });
  });

  test.each([
    [
      ['--only', 'lyss,luss'],
      {},
      /^--only "luss" is not one of shop, titan, perfect21, loom, ai-teams, lyss$/,
    ],
    [['--only', ''], {}, /^--only "" is not one of/],
    [[], { SLUICE_URL: 'nowhere' }, /^SLUICE_URL is not an http/],
    [['--rate', '0'], {}, /^--rate "0" is not a number from 0.01 to 10000$/],
    [['--duration', ''], {}, /^--duration "" is not a number/],
    [['--seed', '-1'], {}, /--help/],
    [['--rats'], {}, /--rats.*"npm run demo -- --help" lists the options/],
    [[], { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT is not an http/],
  ])('%j with %j is refused with what is allowed', (argv, env, message) => {
    expect(() => parse(argv, env)).toThrow(message);
  });

  test('--help asks for help', () => {
    expect(parse(['-h'])).toBe('help');
  });
});
