import { describe, expect, test } from 'vitest';
import { checkLocalSettings, isLoopbackHost, readLocalSettings } from './local-settings.ts';

describe('the settings of local mode', () => {
  test('have a default each', () => {
    expect(readLocalSettings({})).toEqual({
      host: '127.0.0.1',
      allowPrivateReceivers: true,
      ingestPort: 4318,
      apiPort: 9090,
      dataDir: '.sluice',
      tickSeconds: 15,
      metricsShards: 1,
      selfTracesRatio: 0,
      logLevel: 'info',
      corsOrigins: [],
      maxBodyBytes: 4_194_304,
      maxInflatedBytes: 67_108_864,
      retentionMs: 7 * 86_400_000,
      maxStoreBytes: 4_294_967_296,
      audit: { retentionMs: 400 * 86_400_000 },
      redaction: {},
    });
  });

  test('CloudWatch Logs and redaction have switches and settings of their own', () => {
    expect(readLocalSettings({ SLUICE_CLOUDWATCH: 'on', SLUICE_REDACTION: 'off' })).toMatchObject({
      cloudwatch: { prefix: '/sluice/', logClass: 'STANDARD', retentionDays: 30 },
      redaction: { mode: 'off' },
    });
    expect(
      readLocalSettings({
        SLUICE_CLOUDWATCH: 'on',
        SLUICE_CLOUDWATCH_PREFIX: 'acme-',
        SLUICE_CLOUDWATCH_ENDPOINT: 'http://127.0.0.1:4566/',
        SLUICE_CLOUDWATCH_CLASS: 'INFREQUENT_ACCESS',
        SLUICE_CLOUDWATCH_RETENTION_DAYS: '7',
        SLUICE_REDACTION: 'all',
        SLUICE_REDACTION_SECRET: 's',
        SLUICE_CONFIG_DIR: 'conf',
        SLUICE_EXTERNAL_URL: 'https://sluice.example.com/',
      }),
    ).toMatchObject({
      cloudwatch: {
        prefix: 'acme-',
        endpoint: 'http://127.0.0.1:4566',
        logClass: 'INFREQUENT_ACCESS',
        retentionDays: 7,
      },
      redaction: { mode: 'all', secret: 's' },
      configDir: 'conf',
      externalUrl: 'https://sluice.example.com',
    });
  });

  test.each([
    [{}, true],
    [{ SLUICE_HOST: '0.0.0.0' }, false],
    [{ SLUICE_HOST: '0.0.0.0', SLUICE_ALLOW_PRIVATE_RECEIVERS: 'true' }, true],
    [{ SLUICE_ALLOW_PRIVATE_RECEIVERS: 'false' }, false],
  ])('with %j receivers in private networks are allowed: %s', (env, allowed) => {
    expect(readLocalSettings(env).allowPrivateReceivers).toBe(allowed);
  });

  test.each([
    [{ SLUICE_REDACTION: 'yes' }, 'SLUICE_REDACTION="yes" is not one of on, off, all'],
    [{ SLUICE_CORS_ORIGINS: 'https://a.example,shop.example' }, '"shop.example", which is no origin'],
    [{ SLUICE_CORS_ORIGINS: 'https://a.example/' }, '"https://a.example/", which is no origin'],
    [
      { SLUICE_CLOUDWATCH: 'on', SLUICE_CLOUDWATCH_RETENTION_DAYS: '8' },
      'RETENTION_DAYS=8 is not one of 1, 3,',
    ],
    [{ SLUICE_CLOUDWATCH: 'on', SLUICE_CLOUDWATCH_PREFIX: 'a b' }, 'SLUICE_CLOUDWATCH_PREFIX="a b" is not'],
  ])('%j is refused', (env, message) => {
    expect(() => readLocalSettings(env)).toThrow(message);
  });

  test('are read from the environment', () => {
    const settings = readLocalSettings({
      SLUICE_HOST: '0.0.0.0',
      SLUICE_INGEST_PORT: '0',
      SLUICE_API_PORT: '0',
      SLUICE_CORS_ORIGINS: 'https://a.example, https://*.b.example:8443',
      SLUICE_RETENTION_HOURS: '2',
      SLUICE_TEMPO_URL: 'http://tempo:3200/',
      SLUICE_TEMPO_AUTH: 'id:token',
      SLUICE_TEMPO_JOIN_GZIP: 'true',
      SLUICE_LOKI_URL: 'http://loki:3100',
      SLUICE_MIMIR_URL: 'http://mimir:9009/api/v1/push/',
      SLUICE_MIMIR_PROTOCOL: '2.0',
      SLUICE_AUDIT_RETENTION_DAYS: '30',
      SLUICE_AUDIT_WITNESS_URL: 'https://witness.example/sluice/',
    });
    expect(settings).toMatchObject({
      host: '0.0.0.0',
      ingestPort: 0,
      corsOrigins: ['https://a.example', 'https://*.b.example:8443'],
      retentionMs: 7_200_000,
      tempo: { url: 'http://tempo:3200', auth: 'id:token', tenancy: 'shared', joinGzip: true },
      loki: { url: 'http://loki:3100' },
      mimir: { url: 'http://mimir:9009/api/v1/push', protocol: '2.0', nativeHistograms: false },
      audit: { retentionMs: 30 * 86_400_000, witnessUrl: 'https://witness.example/sluice' },
    });
  });

  test('that are wrong are all named on one line', () => {
    const env = {
      SLUICE_INGEST_PORT: '70000',
      SLUICE_LOG_LEVEL: 'loud',
      SLUICE_TEMPO_URL: 'tempo:3200',
      SLUICE_LOKI_AUTH: 'token',
    };
    expect(checkLocalSettings(env)).toEqual({
      problems: [
        'SLUICE_TEMPO_URL is not an http:// or https:// URL',
        'SLUICE_LOKI_AUTH is set but SLUICE_LOKI_URL is not',
        'SLUICE_INGEST_PORT="70000" is not a whole number from 0 to 65535',
        'SLUICE_LOG_LEVEL="loud" is not one of debug, info, warn, error',
      ],
    });
    expect(() => readLocalSettings(env)).toThrow(/TEMPO.*; .*LOKI.*; .*PORT.*; .*LEVEL/);
  });

  test('need two different ports', () => {
    const env = { SLUICE_INGEST_PORT: '9090' };
    expect(checkLocalSettings(env).problems).toEqual([
      'SLUICE_INGEST_PORT and SLUICE_API_PORT are both 9090: give them two ports',
    ]);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.7', false],
  ['127.evil.example', false],
])('%s is a loopback address: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
