/** `npm start` as a real child process, on free ports and a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const ROOT = join(import.meta.dirname, '../..');
const COMPILED = join(tmpdir(), 'sluice-e2e-compiled');
const ENTRY = join(ROOT, 'functions/local.ts');
const READY = /^Sluice is ready\. +OTLP: (?<ingestUrl>\S+) +Read APIs: (?<apiUrl>\S+)/;
/** Clock ticks of `/proc/<pid>/stat` per second: fixed at 100 on Linux (man 5 proc, sysconf _SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

export interface LocalProcess extends AsyncDisposable {
  readonly ingestUrl: string;
  readonly apiUrl: string;
  readonly dataDir: string;
  /** CPU seconds that the process had used when it said that it is ready; Linux only. */
  readonly startCpuSeconds: number | undefined;
  /** CPU seconds so far, of the process and of its main thread; Linux only. */
  cpuSeconds(): { readonly all: number; readonly mainThread: number } | undefined;
  /** Lines of standard error so far. */
  readonly errors: readonly string[];
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<ExitReport>;
}

export interface ExitReport {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
}

export type Overrides = Readonly<Record<string, string>>;

export function makeDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
}

export function removeDataDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** @throws with everything that the process printed, when it ends before it is ready. */
export async function startLocalProcess(
  overrides: Overrides = {},
  dataDir = makeDataDir(),
): Promise<LocalProcess> {
  const child = spawnLocal(overrides, dataDir);
  const errors: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => errors.push(line));
  const ended = endOf(child);
  const ready = new Promise<Record<string, string>>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { groups } = READY.exec(line) ?? {};
      if (groups !== undefined) resolve(groups);
    });
  });
  const urls = await Promise.race([
    ready,
    ended.then(({ code }) => {
      throw new Error(`the process ended with ${code} before it was ready:\n${errors.join('\n')}`);
    }),
  ]);
  const end = async (signal: NodeJS.Signals): Promise<ExitReport> => {
    const startedMs = performance.now();
    child.kill(signal);
    return { ...(await ended), seconds: (performance.now() - startedMs) / 1000 };
  };
  return {
    ingestUrl: urls.ingestUrl!,
    apiUrl: urls.apiUrl!,
    dataDir,
    startCpuSeconds: cpuSecondsOf(`/proc/${child.pid}/stat`),
    cpuSeconds() {
      const all = cpuSecondsOf(`/proc/${child.pid}/stat`);
      const mainThread = cpuSecondsOf(`/proc/${child.pid}/task/${child.pid}/stat`);
      return all === undefined || mainThread === undefined ? undefined : { all, mainThread };
    },
    errors,
    end,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
    },
  };
}

/** For starts that must fail: what it printed and how it ended. */
export async function runLocalProcess(
  overrides: Overrides = {},
  dataDir = makeDataDir(),
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawnLocal(overrides, dataDir);
  const text = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk) => {
    text.stdout += chunk;
    // It should have refused: do not wait for ever.
    if (READY.test(text.stdout)) child.kill('SIGKILL');
  });
  child.stderr!.on('data', (chunk) => {
    text.stderr += chunk;
  });
  const { code } = await endOf(child);
  return { code, ...text };
}

/** Runs the command line tool and answers what it printed. */
export async function runCli(
  args: readonly string[],
  env: Overrides,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'packages/cli/src/main.ts'), ...args], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      text[name] += chunk;
    });
  }
  const { code } = await endOf(child);
  return { code, ...text };
}

function spawnLocal(overrides: Overrides, dataDir: string): ChildProcess {
  return spawn(process.execPath, [ENTRY], {
    cwd: ROOT,
    env: {
      ...cleanEnvironment(),
      SLUICE_INGEST_PORT: '0',
      SLUICE_API_PORT: '0',
      SLUICE_DATA_DIR: dataDir,
      ...overrides,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Without what the developer has set for a pipeline of their own. */
export function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(SLUICE|OTEL|VITEST|NODE_OPTIONS)/.test(name),
  );
  // Each scenario starts processes of the same files: compiled once, a start costs a third.
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: COMPILED } as Record<string, string>;
}

function endOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
}

function cpuSecondsOf(statFile: string): number | undefined {
  try {
    const fields = readFileSync(statFile, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
