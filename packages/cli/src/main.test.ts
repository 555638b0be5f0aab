import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, 'main.ts');
const sluice = (...argv: readonly string[]) =>
  spawnSync(process.execPath, [MAIN, ...argv], { encoding: 'utf8', timeout: 20_000 });

test('the command runs as a process of its own, with its exit codes', () => {
  const version = sluice('version');
  expect([version.status, version.stderr]).toEqual([0, '']);
  expect(version.stdout).toMatch(/^sluice \d/);
  const wrong = sluice('verison');
  expect([wrong.status, wrong.stdout]).toEqual([2, '']);
  expect(wrong.stderr).toContain('did you mean "version"?');
});

test('a reader that goes before all is written is no failure', () => {
  const cut = spawnSync('sh', ['-c', '"$1" "$2" --help | true', 'sh', process.execPath, MAIN], {
    encoding: 'utf8',
  });
  expect([cut.status, cut.stderr]).toEqual([0, '']);
});
