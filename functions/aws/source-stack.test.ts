import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSourceStack } from './source-stack.ts';

const SOURCE = `// A comment that is gone afterwards.
const unused = 1;
export function fail(): never {
  throw new TypeError('it broke');
}
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-stack-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function throwFrom(name: string, { sourcemap }: { sourcemap: boolean }): Promise<Error> {
  const entry = join(folder, 'thrower.ts');
  writeFileSync(entry, SOURCE);
  const outfile = join(folder, name);
  await build({ entryPoints: [entry], outfile, format: 'esm', bundle: true, minify: true, sourcemap });
  const { fail } = (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as { fail: () => never };
  return withSourceStack(async () => fail()).then(
    () => new Error('nothing was thrown'),
    (error) => error as Error,
  );
}

test('a stack leads to the line of the source, not to that of the bundle', async () => {
  const error = await throwFrom('mapped.mjs', { sourcemap: true });
  expect(error).toBeInstanceOf(TypeError);
  expect(error.stack).toMatch(/thrower\.ts:4:9\b/);
  expect(error.stack).not.toContain('mapped.mjs');
});

test('without a map the stack stays', async () => {
  const error = await throwFrom('bare.mjs', { sourcemap: false });
  expect(error.stack).toContain('bare.mjs:1:');
});

test('what is thrown and is no error is passed on as it is', async () => {
  await expect(withSourceStack(() => Promise.reject('text'))).rejects.toBe('text');
});
