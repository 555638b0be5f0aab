import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { encoding: 'utf8' });

test.each([
  [['--target', 'gcp'], 'test:e2e: --target must be local or aws, got "gcp"\n'],
  [['--target=AWS'], 'test:e2e: --target must be local or aws, got "AWS"\n'],
  [['--target'], 'test:e2e: --target must be local or aws, got ""\n'],
  [['--seed', '0'], 'test:e2e: --seed must be a whole number from 1 on, got "0"\n'],
])('%j is refused in one line', (args, stderr) => {
  expect(run(...args)).toMatchObject({ status: 2, stdout: '', stderr });
});

test('--help tells the options', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/--target local\|aws/) });
});

test.each(['local', 'aws'])('--target %s runs the list on it, and nothing else', (target) => {
  // Names only: nothing is started.
  const { status, stdout } = run('--target', target, '-t', 'no scenario has this name');
  expect(status).toBe(0);
  expect(stdout).toContain(`${target}.test.ts`);
  expect(stdout).not.toMatch(/\b(?:kill|alerts|audit|startup)\.test\.ts/);
});
