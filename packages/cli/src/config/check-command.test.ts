import { describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { createTemporaryFolder } from '../testing/temporary-folder.ts';

async function check(env: Record<string, string>, ...argv: readonly string[]) {
  const io = createFakeIo({ env });
  return { code: await run(['config', 'check', ...argv], io), out: io.out() };
}

describe('sluice config check', () => {
  test('sound settings are told with what they mean', async () => {
    const { code, out } = await check({ SLUICE_HOST: '0.0.0.0', PATH: '/bin' });
    expect(code).toBe(0);
    expect(out).toContain(
      'note   SLUICE_HOST=0.0.0.0 can be reached from other machines: every request needs an API key\n',
    );
    expect(out).toContain('listens on 0.0.0.0, OTLP on 4318, read APIs on 9090; data in .sluice\n');
  });

  test('all problems are told at once, misspelt names among them', async () => {
    const { code, out } = await check({
      SLUICE_INGEST_PORT: 'eighty',
      SLUICE_TEMPO_URL: 'tempo',
      SLUICE_DATADIR: 'x',
      sluice_host: 'y',
      SLUICE_WHATEVER_ELSE: 'z',
    });
    expect(code).toBe(1);
    expect(out).toContain('SLUICE_INGEST_PORT="eighty" is not a whole number');
    expect(out).toContain('SLUICE_TEMPO_URL is not an http:// or https:// URL');
    expect(out).toContain('SLUICE_DATADIR is not a setting; did you mean SLUICE_DATA_DIR?');
    expect(out).toContain('sluice_host is not a setting; did you mean SLUICE_HOST?');
    expect(out).toContain('SLUICE_WHATEVER_ELSE is not a setting\n');
    expect(out).toMatch(/5 problems\n$/);
  });

  test('JSON holds the effective settings without credentials', async () => {
    const { code, out } = await check(
      {
        SLUICE_TEMPO_URL: 'https://me:hidden@tempo.example/base',
        SLUICE_TEMPO_JOIN_GZIP: 'true',
        SLUICE_LOKI_URL: 'https://loki.example',
        SLUICE_LOKI_AUTH: '1:verysecret',
      },
      '--json',
    );
    expect(code).toBe(0);
    expect(out).not.toMatch(/hidden|verysecret/);
    const { ok, settings, notes } = JSON.parse(out);
    expect(ok).toBe(true);
    expect(settings).toMatchObject({
      ingestPort: 4318,
      tempo: { url: 'https://tempo.example/base', joinGzip: true },
      loki: { url: 'https://loki.example', auth: '(set)' },
    });
    expect(notes).toEqual([expect.stringContaining('SLUICE_TEMPO_JOIN_GZIP is on')]);
  });
});

describe('the configuration folder', () => {
  test('everything that is wrong in any of its files is told with its place', async () => {
    await using folder = await createTemporaryFolder();
    const dir = folder.path;
    await folder.write('rules/a.yml', 'groups: [{ name: a, rules: [{ alert: A, expr: "up ==" }] }]');
    await folder.write('rules/a_test.yml', 'this is no rule file');
    await folder.write('rules/b.yaml', 'groups: [{ name: b, intervall: 5s }]');
    await folder.write('slo/api.yml', 'version: prometheus/v1\nservice: [a]\nslos: []');
    await folder.write('sluice.yml', 'rules: { external_url: nowhere }');
    await folder.write('alertmanager.yml', 'route: { receiver: nobody }\nreceivers: [{ name: b }]');
    const { code, out } = await check({ SLUICE_CONFIG_DIR: dir, SLUICE_SECRET_NAME: 'nobody' });
    expect(code).toBe(1);
    expect(out).toContain('rules/a.yml:1:53: groups[0].rules[0].expr: could not parse expression');
    expect(out).toContain('rules/b.yaml:1:21: groups[0]: unknown key "intervall", did you mean interval?');
    expect(out).toContain('sluice.yml:1:24: rules.external_url: want an http:// or https:// URL');
    expect(out).toMatch(/alertmanager\.yml:\d+:\d+: /);
    expect(out).toMatch(/slo\/api\.yml:2:\d+: service: /);
    expect(out).not.toContain('a_test.yml');
  });

  test('what is sound is counted', async () => {
    await using folder = await createTemporaryFolder();
    const dir = folder.path;
    await folder.write('rules/a.yml', 'groups: [{ name: a, rules: [{ alert: A, expr: up == 0 }] }]');
    const { code, out } = await check({ SLUICE_CONFIG_DIR: dir });
    expect(code).toBe(0);
    expect(out).toContain(': 1 rule in 1 file');
    expect(out).toContain('alerts are kept and shown, and nobody is told');
  });
});
