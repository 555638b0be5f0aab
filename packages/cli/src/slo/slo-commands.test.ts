import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRuleFile } from '@sluice/rules/rule-file';
import { loadSlos, slosOf } from '@sluice/rules/slo/load-slos';
import { parseSloSettings } from '@sluice/rules/slo/slo-settings';
import { describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo, type FakeIoOptions } from '../testing/fake-io.ts';
import { startServer } from '../testing/scripted-server.ts';
import { createTemporaryFolder } from '../testing/temporary-folder.ts';

const PACKS = join(import.meta.dirname, '../../../packs/slo');

const SPEC = `
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(hits_total{status=~"5.."}[{{.window}}]))
        total_query: sum(rate(hits_total[{{.window}}]))
    alerting: {name: ShopBurns}
`;
const INVERTED = SPEC.replace('shop', 'cart').replace('5..', '2..').replaceAll('{{.window}}', '5m');

async function sluice(args: readonly string[], options: FakeIoOptions = {}) {
  const io = createFakeIo(options);
  const code = await run(['slo', ...args], io);
  return { code, out: io.out(), err: io.err() };
}

async function folderOf(files: Readonly<Record<string, string>>) {
  const folder = await createTemporaryFolder();
  for (const [name, content] of Object.entries(files)) await folder.write(name, content);
  return folder;
}

describe('sluice slo validate', () => {
  test('passes with warnings, unless they are to fail', async () => {
    await using folder = await folderOf({ 'slo/a.yml': SPEC, 'slo/b.yaml': INVERTED, 'slo/notes.txt': 'x' });
    const options = { cwd: folder.path };
    const passed = await sluice(['validate', 'slo'], options);
    expect([passed.code, passed.out]).toEqual([0, 'ok  2 SLOs in 2 files, 3 warnings\n']);
    expect(passed.err).toContain('slo/b.yaml:9:22: warning: ');
    expect((await sluice(['validate', 'slo', '--strict'], options)).code).toBe(1);
    const only = await sluice(['validate', '-i', 'slo', '--fs-exclude', 'b'], options);
    expect(only.out).toBe('ok  1 SLO in 1 file\n');
    expect((await sluice(['validate', 'slo', '--fs-include', 'a.yml$'], options)).out).toBe(only.out);
  });

  test('fails with every error, for people and as JSON', async () => {
    await using folder = await folderOf({
      'a.yml': SPEC.replace('99.9', '200').replace('name: ShopBurns', 'nam: x'),
    });
    const options = { cwd: folder.path };
    const { code, out, err } = await sluice(['validate', 'a.yml'], options);
    expect([code, out]).toEqual([1, '2 problems\n']);
    expect(err).toMatch(/^a\.yml:6:16: .*got 200\n/);
    const json = JSON.parse((await sluice(['validate', 'a.yml', '--json'], options)).out);
    expect(json).toMatchObject({ ok: false, slos: [], problems: [{ line: 6, column: 16 }, {}] });
  });

  test.each([
    [['validate'], 2, 'FILE is missing'],
    [['validate', 'nowhere.yml'], 1, 'there is no file nowhere.yml'],
    [['validate', '.'], 1, 'no SLO specs were found'],
    [['validate', '.', '--fs-include', '('], 2, '--fs-include is not a regular expression'],
    [['validate', 'x.txt', '--default-slo-period', 'month'], 2, '--default-slo-period'],
    [['validate', 'x.txt', '--slo-period-windows-path', 'bad'], 1, 'bad/w.yml:'],
  ])('%j exits with %d', async (args, code, message) => {
    await using folder = await folderOf({ 'x.txt': SPEC });
    if (args.includes('bad'))
      await folder.write('bad/w.yml', 'apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\n');
    const result = await sluice(args, { cwd: folder.path });
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
  });
});

describe('sluice slo generate', () => {
  test('writes rules to standard output, a file, or a folder of files', async () => {
    await using folder = await folderOf({ 'slo/deep/a.yml': SPEC, 'slo/b.yml': INVERTED, 'out/.keep': '' });
    const options = { cwd: folder.path };
    const { code, out } = await sluice(['generate', 'slo/deep/a.yml', '-l', 'cluster=eu'], options);
    expect(code).toBe(0);
    expect(parseRuleFile(out, { file: 'out' }).value!.groups.map(({ name }) => name)).toEqual([
      'sloth-slo-sli-recordings-shop-availability',
      'sloth-slo-meta-recordings-shop-availability',
      'sloth-slo-alerts-shop-availability',
    ]);
    expect(out).toContain('cluster: eu');
    await sluice(['generate', '-i', 'slo/deep/a.yml', '-o', 'new/a.yml', '--disable-alerts'], options);
    expect(readFileSync(join(folder.path, 'new/a.yml'), 'utf8')).not.toContain('alert:');
    const all = await sluice(['generate', '-i', 'slo', '-o', 'out', '--disable-recordings'], options);
    expect([all.code, all.out]).toEqual([0, '']);
    expect(readFileSync(join(folder.path, 'out/deep/a.yml'), 'utf8')).not.toContain('record:');
    // Left out, and said so.
    expect(existsSync(join(folder.path, 'out/b.yml'))).toBe(false);
    expect(all.err).toContain('left out: cart-availability, which is in quarantine');
    await sluice(['generate', '-i', 'slo', '-o', 'out', '--invert', 'cart-availability'], options);
    expect(readFileSync(join(folder.path, 'out/b.yml'), 'utf8')).toContain(
      '((sum(rate(hits_total[5m]))) - (sum(rate(hits_total{status=~"2.."}[5m]))))',
    );
  });

  test('takes other periods, and windows for them', async () => {
    const pair = '{errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}';
    await using folder = await folderOf({
      'a.yml': SPEC,
      'windows/7d.yml': `apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec: {sloPeriod: 7d, page: {quick: ${pair}, slow: ${pair}}, ticket: {quick: ${pair}, slow: ${pair}}}\n`,
    });
    const options = { cwd: folder.path };
    const weekly = ['--default-slo-period', '7d'];
    expect((await sluice(['generate', 'a.yml', ...weekly], options)).code).toBe(1);
    const { code, out } = await sluice(
      ['generate', 'a.yml', ...weekly, '--slo-period-windows-path', 'windows'],
      options,
    );
    expect(code).toBe(0);
    expect(out).toContain('slo:sli_error:ratio_rate1w');
    expect((await sluice(['generate', 'a.yml', '--slo-period-windows-path', 'windows'], options)).code).toBe(
      1,
    );
    expect((await sluice(['generate', 'a.yml', '--default-slo-period', '28d'], options)).out).toContain(
      '13.44 *',
    );
  });

  test.each([
    [['generate'], 2, 'FILE is missing'],
    [['generate', '.'], 1, '. is a folder: --out must be a folder that is there already'],
    [['generate', '.', '-o', '.'], 1, '--out must be another folder than .'],
    [['generate', 'a.yml', '-l', 'novalue'], 2, '"novalue" is not NAME=VALUE'],
    [['generate', 'a.yml', '--disable-alerts', '--disable-recordings'], 1, 'there are no rules to write'],
    [['generate', 'a.yml', '-o', 'a.yml/b.yml'], 1, 'a.yml/b.yml cannot be written'],
  ])('%j exits with %d', async (args, code, message) => {
    await using folder = await folderOf({ 'a.yml': SPEC });
    const result = await sluice(args, { cwd: folder.path });
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
  });
});

describe('sluice slo fix', () => {
  test('shows what it would correct, and corrects it', async () => {
    await using folder = await folderOf({ 'a.yml': INVERTED, 'b.yml': SPEC.replace('99.9', '200') });
    const options = { cwd: folder.path };
    const shown = await sluice(['fix', 'a.yml'], options);
    expect(shown.out).toContain('3 corrections to be made with --write\n');
    expect(readFileSync(join(folder.path, 'a.yml'), 'utf8')).toBe(INVERTED);
    expect((await sluice(['fix', 'a.yml', '-w'], options)).out).toContain('3 corrections made\n');
    expect((await sluice(['validate', 'a.yml', '--strict'], options)).code).toBe(0);
    expect((await sluice(['fix', 'a.yml'], options)).out).toBe('nothing to correct\n');
    expect((await sluice(['fix', 'b.yml'], options)).code).toBe(1);
  });
});

describe('sluice slo status', () => {
  const window = (hours: number, burnRate: number | null) => ({
    window: `${hours}h`,
    windowMs: hours * 3_600_000,
    burnRate,
  });
  const slo = (changes: object) => ({
    id: 'shop-availability',
    objective: 99.9,
    unit: 'events',
    state: 'ok',
    severity: null,
    bad: 120,
    total: 1_234_567,
    budget: { remainingRatio: 0.9028 },
    windows: [window(1, 0.5), window(6, 123.4)],
    hoursToExhaustion: 1_300,
    ...changes,
  });
  const serve = (slos: readonly object[]) =>
    startServer(() => ({ body: JSON.stringify({ status: 'success', data: { slos } }) }));

  test('is a line for each, and why some are not computed', async () => {
    await using server = await serve([
      slo({}),
      slo({
        id: 'shop-latency',
        state: 'burning',
        severity: 'page',
        windows: [],
        budget: { remainingRatio: null },
        hoursToExhaustion: null,
      }),
      slo({ id: 'shop-up', state: 'no_data', severity: 'page', unit: 'seconds', bad: 60, total: 7_200 }),
      { id: 'cart', objective: 95, state: 'quarantine', reason: 'it counts good events' },
    ]);
    const options = { env: { SLUICE_API_URL: server.url }, columns: 200 };
    const { code, out } = await sluice(['status'], options);
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "SLO                OBJECTIVE  STATE           BUDGET LEFT    BAD         OF  BURN 1H  BURN 6H   GONE IN
      shop-availability     99.9 %  ok                  90.28 %    120  1,234,567     0.5×     123×  54 d 4 h
      shop-latency          99.9 %  burning (page)            –    120  1,234,567        –        –         –
      shop-up               99.9 %  no data             90.28 %  1 min        2 h     0.5×     123×  54 d 4 h
      cart                    95 %  quarantine                                                               
      cart: it counts good events
      "
    `);
    expect((await sluice(['status', '--check'], options)).code).toBe(1);
    expect((await sluice(['status', 'shop-availability', '--check'], options)).code).toBe(0);
    expect(JSON.parse((await sluice(['status', 'cart', '--json'], options)).out).slos).toHaveLength(1);
    const unknown = await sluice(['status', 'nope'], options);
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('there is no SLO nope')]);
  });

  test('says where SLOs go when there are none, and when the server knows none', async () => {
    await using none = await serve([]);
    expect((await sluice(['status'], { env: { SLUICE_API_URL: none.url } })).out).toContain(
      'there are no SLOs: put specs into',
    );
    await using other = await startServer(() => ({ status: 404, body: '{}' }));
    const { code, err } = await sluice(['status'], { env: { SLUICE_API_URL: other.url } });
    expect([code, err]).toEqual([1, expect.stringContaining('answers no SLOs (HTTP 404)')]);
  });
});

describe('the packs', () => {
  test('are sound, without a warning, and named by their settings', () => {
    const sources = ['ai-teams.yml', 'lyss.yml'].map((file) => ({
      file,
      source: readFileSync(join(PACKS, file), 'utf8'),
    }));
    const settings = parseSloSettings(readFileSync(join(PACKS, 'sluice.yml'), 'utf8'), {
      file: 'sluice.yml',
    });
    const { groups, problems } = loadSlos(sources, { settings: settings.value! });
    expect([...settings.problems, ...problems]).toEqual([]);
    expect(slosOf(groups!).map(({ id, objective }) => [id, objective])).toEqual([
      ['api-gateway-requests-availability', 99.9],
      ['api-gateway-requests-latency', 95],
      ['lyss-availability', 99.95],
      ['lyss-latency-p95', 95],
      ['lyss-latency-p99', 99],
      ['lyss-error-rate', 99.9],
    ]);
  });
});
