import { expect, test } from 'vitest';
import { FUNCTION_NAMES, readSettings } from '../../infra/settings.ts';
import { DOORS } from '../aws/bundle-door.ts';
import { inputFor } from './stages.ts';

const { env: GOOD } = inputFor('dev', 'url');

test.each([
  ['no Tempo', { SLUICE_TEMPO_URL: '' }, 'SLUICE_TEMPO_URL is not set'],
  ['plain HTTP', { SLUICE_LOKI_URL: 'http://loki.example.net' }, 'SLUICE_LOKI_URL is not an https://'],
  ['a password in a URL', { SLUICE_LOKI_URL: 'https://u:p@loki.example.net' }, 'without credentials'],
  ['a way in that is none', { SLUICE_EDGE: 'alb' }, 'SLUICE_EDGE=alb is not one of'],
  [
    'a domain without a certificate',
    { SLUICE_EDGE: 'cdn', SLUICE_DOMAIN: 'a.example.net' },
    'SLUICE_CERTIFICATE_ARN',
  ],
  ['a domain of a Function URL', { SLUICE_DOMAIN: 'a.example.net' }, 'SLUICE_DOMAIN needs SLUICE_EDGE'],
  ['a retention that CloudWatch does not take', { SLUICE_CLOUDWATCH_RETENTION_DAYS: '31' }, 'is not one of'],
  ['a number that is none', { SLUICE_MONTHLY_BUDGET: 'much' }, 'SLUICE_MONTHLY_BUDGET=much'],
  ['a share that is none', { SLUICE_SELF_TRACES_RATIO: '5%' }, 'SLUICE_SELF_TRACES_RATIO=5%'],
  ['a size of no function', { SLUICE_MEMORY_MB: 'ingst=512' }, 'ingst is not one of collect-metrics'],
  ['a size that Lambda does not have', { SLUICE_MEMORY_MB: 'ingest=64' }, 'from 128 to 10240'],
  [
    'a certificate of another region',
    {
      SLUICE_EDGE: 'cdn',
      SLUICE_DOMAIN: 'a.example.net',
      SLUICE_CERTIFICATE_ARN: 'arn:aws:acm:eu-west-1:1:c/x',
    },
    'it must be of us-east-1',
  ],
  [
    'a certificate of another region than the API',
    {
      AWS_REGION: 'eu-central-1',
      SLUICE_EDGE: 'http-api',
      SLUICE_DOMAIN: 'a.example.net',
      SLUICE_CERTIFICATE_ARN: 'arn:aws:acm:us-east-1:1:c/x',
    },
    'it must be of eu-central-1',
  ],
  ['too few consumers', { SLUICE_CONSUMER_CONCURRENCY: '1' }, 'from 2 to 1000'],
])('%s is refused with the remedy', (_name, env, message) => {
  expect(() => readSettings({ name: 'sluice', stage: 'dev' }, { ...GOOD, ...env })).toThrow(message);
});

test.each(['Prod', 'a_b', '1st', 'a-stage-whose-name-is-much-too-long-for-aws'])(
  'the stage %s is refused',
  (stage) => {
    expect(() => readSettings({ name: 'sluice', stage }, GOOD)).toThrow(`the stage ${stage} is not`);
  },
);

test('everything that is wrong is told at once, and no secret with it', () => {
  const read = () =>
    readSettings(
      { name: 'sluice', stage: 'dev' },
      { SLUICE_EDGE: 'x', SLUICE_TEMPO_AUTH: 'hidden', SLUICE_LOKI_URL: 'y' },
    );
  expect(read).toThrow(/SLUICE_EDGE.*SLUICE_TEMPO_URL|SLUICE_TEMPO_URL.*SLUICE_EDGE/);
  expect(read).not.toThrow(/hidden/);
});

test('sizes are those that are given, by function', () => {
  const { memoryMb } = readSettings(
    { name: 'sluice', stage: 'dev' },
    { ...GOOD, SLUICE_MEMORY_MB: 'ingest=1024, query=2048,' },
  );
  expect(memoryMb).toEqual({ ingest: 1024, query: 2048 });
  expect(FUNCTION_NAMES).toEqual(DOORS);
});

test('production keeps its data, other stages when they are told to', () => {
  const keeps = (stage: string, env = {}) =>
    readSettings({ name: 'sluice', stage }, { ...GOOD, ...env }).keepData;
  expect([keeps('production'), keeps('dev'), keeps('dev', { SLUICE_KEEP_DATA: 'true' })]).toEqual([
    true,
    false,
    true,
  ]);
});
