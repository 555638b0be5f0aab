/**
 * Runs `sst.config.ts` as `sst deploy` does (the platform's own globals, entry and components) against mocks: what
 * comes out is every resource that a deployment would ask AWS for.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import type { RecordedResource } from './recorder.ts';
import { PLATFORM, ROOT } from './sst-platform.ts';

export interface ProgramInput {
  readonly stage: string;
  /** Of the deployment. */
  readonly env: Readonly<Record<string, string>>;
  /** Made to `infra/` before this run. */
  readonly edits?: readonly Edit[];
}

/** In a source file of `infra/`. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface ProgramRun {
  readonly resources: readonly RecordedResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Files of each function's package, by its logical name. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
}

/** One run, or why the program stopped. */
export type ProgramResult = ProgramRun | { readonly error: string };

/** Runs the program once for each input, in one process. @throws when a run stops */
export async function runProgram(inputs: readonly ProgramInput[]): Promise<readonly ProgramRun[]> {
  return (await tryProgram(inputs)).map((result) => {
    if ('error' in result) throw new Error(result.error);
    return result;
  });
}

export async function tryProgram(inputs: readonly ProgramInput[]): Promise<readonly ProgramResult[]> {
  const work = mkdtempSync(join(PLATFORM, 'run-'));
  try {
    const program = join(work, 'program.mjs');
    await buildPlatform(program);
    const runs = await Promise.all(
      inputs.map(async ({ stage, env, edits = [] }, i) => {
        const config = join(work, `config-${i}.mjs`);
        await buildConfig(config, edits);
        return { stage, env, config };
      }),
    );
    const share = Math.ceil(runs.length / (runs.length > MANY ? 2 : 1));
    const parts = [runs.slice(0, share), runs.slice(share)].filter((part) => part.length > 0);
    return (
      await Promise.all(parts.map((part, i) => runAll(part, { work: join(work, `part-${i}`), program })))
    ).flat();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** As many runs are worth a second process, which takes seconds to start. */
const MANY = 20;

async function runAll(
  runs: readonly object[],
  { work, program }: Omit<Runs, 'inputs'>,
): Promise<readonly ProgramResult[]> {
  mkdirSync(work);
  const results: ProgramResult[] = [];
  while (results.length < runs.length)
    results.push(...(await runInputs({ work, program, inputs: runs.slice(results.length) })));
  return results;
}

interface Runs {
  readonly work: string;
  readonly program: string;
  readonly inputs: readonly object[];
}

/** Up to the first run that stops. */
async function runInputs({ work, program, inputs }: Runs): Promise<readonly ProgramResult[]> {
  const job = join(work, 'job.json');
  const result = join(work, 'result.json');
  writeFileSync(job, JSON.stringify({ root: ROOT, platform: PLATFORM, work, inputs }));
  rmSync(result, { force: true });
  try {
    await promisify(execFile)(process.execPath, ['--no-deprecation', program, job, result], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '' },
      timeout: 230_000,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    // Pulumi ends the process with a fault when a run that stopped left work behind.
    if (!existsSync(result)) throw error;
  }
  return JSON.parse(readFileSync(result, 'utf8')) as readonly ProgramResult[];
}

const BUNDLE = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'esnext',
  logLevel: 'error',
  mainFields: ['module', 'main'],
  // As SST builds its programs: what is CommonJS finds its `require`.
  banner: {
    js: [
      `import { createRequire as topLevelCreateRequire } from 'node:module';`,
      `const require = topLevelCreateRequire(import.meta.url);`,
      `const __dirname = ${JSON.stringify(PLATFORM)};`,
    ].join('\n'),
  },
} satisfies BuildOptions;

/** Everything but the program itself. The globals exist before a module of the platform is loaded, as SST sees to. */
async function buildPlatform(outfile: string): Promise<void> {
  const from = (file: string): string => JSON.stringify(join(PLATFORM, file));
  const contents = `
    import { runInputs } from ${JSON.stringify(join(ROOT, 'test/infra/program-entry.ts'))};
    await runInputs(async () => {
      const pulumi = await import('@pulumi/pulumi');
      globalThis.aws = await import('@pulumi/aws');
      Object.assign(globalThis, await import(${from('src/shim/run.js')}));
      globalThis.sst = await import(${from('src/components/index.ts')});
      const { run } = await import(${from('src/auto/run.ts')});
      return { pulumi, run };
    });
  `;
  await build({
    ...BUNDLE,
    stdin: { contents, resolveDir: PLATFORM, loader: 'ts' },
    outfile,
    packages: 'external',
    define: { $dev: 'false' },
  });
}

async function buildConfig(outfile: string, edits: readonly Edit[]): Promise<void> {
  await build({
    ...BUNDLE,
    entryPoints: [join(ROOT, 'sst.config.ts')],
    outfile,
    define: { $dev: 'false' },
    plugins: [editing(edits)],
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
