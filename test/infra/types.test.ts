/** `infra/` and `sst.config.ts`, checked against the types of SST and of the AWS provider. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { PLATFORM, ROOT } from './sst-platform.ts';

const OPTIONS = {
  target: 'ES2022',
  lib: ['ES2022', 'DOM'],
  module: 'ESNext',
  moduleResolution: 'Bundler',
  strict: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noEmit: true,
  skipLibCheck: true,
  resolveJsonModule: true,
  esModuleInterop: true,
  types: ['node'],
  typeRoots: [join(PLATFORM, 'node_modules/@types')],
};

/** Errors in our own files: the platform's are its own. */
async function typeErrors(extra = ''): Promise<readonly string[]> {
  const folder = mkdtempSync(join(ROOT, '.sst/types-'));
  try {
    const files = [join(ROOT, 'sst.config.ts')];
    if (extra !== '') {
      files.push(join(folder, 'extra.ts'));
      writeFileSync(files[1]!, `/// <reference path="../platform/config.d.ts" />\n${extra}`);
    }
    const project = join(folder, 'tsconfig.json');
    writeFileSync(project, JSON.stringify({ compilerOptions: OPTIONS, files }));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [tsc, '--project', project, '--pretty', 'false'],
      {
        cwd: ROOT,
        maxBuffer: 64 * 1024 * 1024,
      },
    ).catch((error: { stdout: string }) => error);
    return stdout.split('\n').filter((line) => /^(infra|sst\.config|\.sst\/types-)/.test(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the program has no type errors, and one that is put into it is found', async () => {
  expect(await typeErrors()).toEqual([]);
  const wrong = "new aws.sqs.Queue('X', { visibilityTimeoutSeconds: 'long' });\nexport {};\n";
  expect((await typeErrors(wrong)).join('\n')).toMatch(/TS2322/);
});
