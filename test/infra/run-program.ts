/**
 * Builds `sst.config.ts` as `sst deploy` does (the platform's own shim, globals and entry) and runs it against
 * mocks: what comes out is every resource that a deployment would ask AWS for.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import type { RecordedResource } from './recorder.ts';
import { PLATFORM, ROOT } from './sst-platform.ts';

export interface ProgramInput {
  readonly stage: string;
  /** Of the deployment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ProgramRun {
  readonly resources: readonly RecordedResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** In a source file of `infra/`. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Runs the program once for each input, in one process. @throws with what the program printed */
export async function runProgram(
  inputs: readonly ProgramInput[],
  { edits = [] }: { readonly edits?: readonly Edit[] } = {},
): Promise<readonly ProgramRun[]> {
  const folder = mkdtempSync(join(PLATFORM, 'run-'));
  try {
    const outfile = join(folder, 'program.mjs');
    await buildProgram(outfile, edits);
    const job = join(folder, 'job.json');
    writeFileSync(job, JSON.stringify({ root: ROOT, platform: PLATFORM, work: folder, inputs }));
    const result = join(folder, 'result.json');
    await promisify(execFile)(
      process.execPath,
      ['--enable-source-maps', '--no-deprecation', outfile, job, result],
      { cwd: ROOT, env: { PATH: process.env.PATH ?? '' }, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 },
    );
    return JSON.parse(readFileSync(result, 'utf8')) as ProgramRun[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The globals exist before any module of the platform is loaded, as they do when SST defines them. */
function entry(): string {
  const from = (file: string): string => JSON.stringify(join(PLATFORM, file));
  return `
    import { runInputs } from ${JSON.stringify(join(ROOT, 'test/infra/program-entry.ts'))};
    await runInputs(async () => {
      const pulumi = await import('@pulumi/pulumi');
      globalThis.aws = await import('@pulumi/aws');
      globalThis.sst = await import(${from('src/components/index.ts')});
      const { run } = await import(${from('src/auto/run.ts')});
      const { default: config } = await import(${JSON.stringify(join(ROOT, 'sst.config.ts'))});
      return { pulumi, run, config };
    });
  `;
}

async function buildProgram(outfile: string, edits: readonly Edit[]): Promise<void> {
  await build({
    stdin: { contents: entry(), resolveDir: PLATFORM, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    mainFields: ['module', 'main'],
    packages: 'external',
    inject: [join(PLATFORM, 'src/shim/run.js')],
    define: { $app: 'globalThis.$app', $cli: 'globalThis.$cli', $dev: 'false' },
    banner: {
      js: [
        `import { createRequire as topLevelCreateRequire } from 'node:module';`,
        `const require = topLevelCreateRequire(import.meta.url);`,
        `const __dirname = ${JSON.stringify(PLATFORM)};`,
      ].join('\n'),
    },
    plugins: [editing(edits)],
    logLevel: 'error',
  });
}

function editing(edits: readonly Edit[]): Plugin {
  return {
    name: 'edits',
    setup({ onLoad }) {
      onLoad({ filter: /\/infra\/[\w-]+\.ts$/ }, ({ path }) => {
        const own = edits.filter(({ file }) => file === relative(ROOT, path));
        if (own.length === 0) return undefined;
        let contents = readFileSync(path, 'utf8');
        for (const { file, find, replace } of own) {
          if (!contents.includes(find)) throw new Error(`${file} does not contain ${find}`);
          contents = contents.replace(find, () => replace);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}
