import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeVerifierKey } from '@sluice/audit/checkpoint';
import { readEarlierKeys } from '@sluice/audit/earlier-keys';
import { openSigningKeyFile } from '@sluice/platform/embedded/key-files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const path = (name: string): string => join(folder.path, name);
const present = () => openSigningKeyFile(path('audit-signing.key'), 'sluice-audit');
const earlier = () => readEarlierKeys(path('audit-earlier-keys.txt'), present()).map(encodeVerifierKey);
async function rotate(...argv: readonly string[]) {
  const io = createFakeIo({ cwd: folder.path, env: { SLUICE_DATA_DIR: '.' } });
  const code = await run(['audit', 'rotate-key', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}

test('every key that signed before is kept, newest first, and the new one is for its owner alone', async () => {
  const keys = [encodeVerifierKey(present())];
  for (let i = 0; i < 3; i++) {
    const { code, out } = await rotate('--json');
    const { key } = JSON.parse(out) as { key: string };
    expect([code, earlier()]).toEqual([0, keys]);
    expect(encodeVerifierKey(present())).toBe(key);
    keys.unshift(key);
  }
  expect(new Set(keys).size).toBe(4);
  expect(statSync(path('audit-signing.key')).mode & 0o777).toBe(0o600);
  expect((await rotate()).out).toMatch(
    /^new key +sluice-audit\+\S+\nearlier .*\n[\s\S]*next start of the pipeline/,
  );
});

test('a rotation that broke off after the list was written changes nothing, and can be done again', async () => {
  const first = encodeVerifierKey(present());
  writeFileSync(path('audit-earlier-keys.txt'), `${first}\n`);
  writeFileSync(path('audit-signing.key.next'), 'half a key');
  expect(earlier()).toEqual([]);
  await rotate();
  expect(earlier()).toEqual([first]);
  expect(existsSync(path('audit-signing.key.next'))).toBe(false);
});

test('without a key there is nothing to rotate, and a damaged list stops it before anything is lost', async () => {
  expect(await rotate()).toMatchObject({
    code: 1,
    err: expect.stringContaining('the pipeline makes the first'),
  });
  const before = encodeVerifierKey(present());
  writeFileSync(path('audit-earlier-keys.txt'), 'sluice-audit+00000000+AAAA\n');
  expect(await rotate()).toMatchObject({ code: 1, err: expect.stringContaining('put the file back') });
  expect(encodeVerifierKey(present())).toBe(before);
  expect(readFileSync(path('audit-earlier-keys.txt'), 'utf8')).toContain('00000000');
});
