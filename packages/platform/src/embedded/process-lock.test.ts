import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@sluice/core/errors';
import { expect, test } from 'vitest';
import { makeTemporaryFolder } from '../testing/temporary-folder.ts';
import { acquireProcessLock } from './process-lock.ts';

test('a second holder is refused until the first lets go', () => {
  const path = join(makeTemporaryFolder(), 'data', 'server.lock');
  const first = acquireProcessLock(path);
  expect(() => acquireProcessLock(path)).toThrow(/another Sluice already runs on .*data: stop it/);
  first.release();
  first.release();
  acquireProcessLock(path).release();
});

test('the lock of a process that was killed is free', async () => {
  const path = join(makeTemporaryFolder(), 'server.lock');
  const lockModule = new URL('./process-lock.ts', import.meta.url).href;
  const script = `const { acquireProcessLock } = await import(${JSON.stringify(lockModule)});
    acquireProcessLock(${JSON.stringify(path)});
    gc(); await new Promise(setImmediate); gc();
    console.log('held'); setInterval(() => {}, 1000);`;
  // Though nobody keeps the answer: what is collected must not take the lock with it.
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => acquireProcessLock(path)).toThrow(UsageError);
  child.kill('SIGKILL');
  await once(child, 'exit');
  acquireProcessLock(path).release();
});

test('a path that cannot be written is named', () => {
  const folder = makeTemporaryFolder();
  writeFileSync(join(folder, 'taken'), '');
  expect(() => acquireProcessLock(join(folder, 'taken', 'server.lock'))).toThrow(/is not a folder/);
});
