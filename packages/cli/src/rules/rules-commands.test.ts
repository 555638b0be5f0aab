import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

const RULES = 'groups: [{ name: g, rules: [{ alert: Down, expr: up == 0 }] }]';
const GOOD = `rule_files: [rules.yml]
tests:
  - name: down
    input_series: [{ series: 'up{job="a"}', values: '1 0' }]
    alert_rule_test: [{ eval_time: 1m, alertname: Down, exp_alerts: [{ exp_labels: { job: a } }] }]
`;

const open: TemporaryFolder[] = [];
afterEach(async () => {
  for (const folder of open.splice(0)) await folder[Symbol.asyncDispose]();
});

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await createTemporaryFolder();
  open.push(folder);
  for (const [name, text] of Object.entries(files)) await folder.write(name, text);
  return folder.path;
}

async function sluice(cwd: string, ...argv: readonly string[]) {
  const io = createFakeIo({ cwd });
  const code = await run(['rules', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

describe('sluice rules test', () => {
  test('says SUCCESS as promtool does', async () => {
    const cwd = await folderOf({ 'a/rules.yml': RULES, 'a/one_test.yml': GOOD });
    expect(await sluice(cwd, 'test', 'a/one_test.yml')).toEqual({
      code: 0,
      out: 'Unit Testing:  a/one_test.yml\n  SUCCESS\n\n',
      err: '',
    });
  });

  test('tells each failure on stderr, and goes on with the next file', async () => {
    const cwd = await folderOf({
      'rules.yml': RULES,
      'bad_test.yml': GOOD.replace('job: a', 'job: b').replace('[rules.yml]', '[rules.yml, none.yml]'),
      'good_test.yml': GOOD,
    });
    const { code, out, err } = await sluice(cwd, 'test', 'bad_test.yml', 'good_test.yml', 'missing.yml');
    expect(code).toBe(1);
    expect(out).toBe(
      'Unit Testing:  bad_test.yml\n\n\nUnit Testing:  good_test.yml\n  SUCCESS\n\nUnit Testing:  missing.yml\n\n\n',
    );
    expect(err).toContain(
      '  WARNING: no file match pattern none.yml\n  FAILED:\n    name: down,\n    alertname: Down, time: 1m, \n',
    );
    expect(err).toContain('missing.yml cannot be read: there is no such file');
  });

  test('JSON for programs, and only the tests that are asked for', async () => {
    const cwd = await folderOf({ 'rules.yml': RULES, 'bad_test.yml': GOOD.replace('job: a', 'job: b') });
    const failed = await sluice(cwd, 'test', '--json', 'bad_test.yml');
    expect(JSON.parse(failed.out)).toMatchObject({
      ok: false,
      files: [{ file: 'bad_test.yml', ok: false, tests: 1, failures: [expect.stringContaining('Down')] }],
    });
    expect((await sluice(cwd, 'test', '--run', 'other', 'bad_test.yml')).code).toBe(0);
    expect((await sluice(cwd, 'test', '--run', '(', 'bad_test.yml')).code).toBe(2);
  });
});

describe('sluice rules lint', () => {
  const slip =
    'groups: [{ name: g, rules: [{ alert: E, expr: \'rate(x{s="5"}[5m]) / rate(x[5m]) > 0.1\' }] }]';

  test('each finding has a code, a place, a reason and a fix', async () => {
    const cwd = await folderOf({
      'config/rules/a.yml': slip,
      'config/alertmanager.yml': 'route: {}',
      'config/rules/a_test.yml': 'x',
    });
    const { code, out } = await sluice(cwd, 'lint', 'config', '--skip', 'severity,summary,runbook');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^self-division {2}config\/rules\/a\.yml:1:48 {2}g › E\n {2}each series .*\n {2}why .*\n {2}fix .*\n/,
    );
    expect(out).toMatch(/1 rule in 1 file: 0 errors, 1 finding\n$/);
    expect((await sluice(cwd, 'lint', 'config', '--strict')).code).toBe(1);
  });

  test('a broken file is an error and does not hide the findings of others', async () => {
    const cwd = await folderOf({ 'a.yml': 'groups: 5', 'b.yml': slip });
    const { code, out } = await sluice(cwd, 'lint', '--json', 'a.yml', 'b.yml');
    expect(code).toBe(1);
    const { ok, problems, findings } = JSON.parse(out);
    expect(ok).toBe(false);
    expect(problems).toMatchObject([{ file: 'a.yml', message: 'want a list, got "5"' }]);
    expect(findings.map(({ code: own }: { code: string }) => own)).toContain('self-division');
    expect((await sluice(cwd, 'lint', 'a.yml')).out).toContain('error  a.yml:1:9: groups: want a list');
  });

  test('codes and files that are none are refused', async () => {
    const cwd = await folderOf({ 'b.yml': slip });
    expect((await sluice(cwd, 'lint', '--skip', 'nope', 'b.yml')).err).toContain('there is no such lint');
    expect(await sluice(cwd, 'lint', 'c.yml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('c.yml cannot be read: there is no such file'),
    });
  });
});

test('the shipped packs pass their own tests', async () => {
  const cwd = join(import.meta.dirname, '../../../packs/rules');
  const systems = ['titan', 'perfect21', 'loom', 'ai-teams', 'lyss', 'sluice'];
  const { code, err } = await sluice(cwd, 'test', ...systems.map((name) => `${name}/alerts_test.yml`));
  expect(err).toBe('');
  expect(code).toBe(0);
  const { out } = await sluice(cwd, 'lint', '.');
  // Both in the words of their systems, with a ratio beside them.
  expect(out.match(/^[a-z-]+ {2}\S+ {2}.*$/gm)).toEqual([
    expect.stringMatching(/^rate-as-share {2}ai-teams\/alerts\.yml.* › HighErrorRate$/),
    expect.stringMatching(/^rate-as-share {2}lyss\/alerts\.yml.* › AIModelFailureRate$/),
  ]);
  const runbooks = readFileSync(join(cwd, '../../../docs/runbooks.md'), 'utf8').toLowerCase();
  for (const name of systems) {
    const text = readFileSync(join(cwd, name, 'alerts.yml'), 'utf8');
    for (const [, anchor] of text.matchAll(/runbook_url: docs\/runbooks\.md#(\S+)/g))
      expect(runbooks).toContain(`\n## ${anchor}\n`);
  }
});
