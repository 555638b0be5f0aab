/**
 * What a cold start of each function has to load. The bundles are built as for Lambda, whose Node runtime brings the
 * AWS SDK along (AWS Lambda Developer Guide § Building with Node.js): bundling it would add 450 KB for
 * SQS alone and more for DynamoDB. So the SDK stays outside, as in deployment, and stands aside as empty classes
 * where the import is measured: its cost is the runtime's.
 */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleDoor, DOORS, ROOT, standInForSdk } from './aws/bundle-door.ts';

/** KB of minified code, and milliseconds of CPU until the handler is there. */
const BUDGETS: Readonly<Record<string, { readonly kilobytes: number; readonly cpuMs: number }>> = {
  'collect-metrics': { kilobytes: 100, cpuMs: 50 },
  'compact-metrics': { kilobytes: 100, cpuMs: 50 },
  'deliver-logs': { kilobytes: 150, cpuMs: 50 },
  'deliver-traces': { kilobytes: 100, cpuMs: 50 },
  evaluate: { kilobytes: 1000, cpuMs: 150 },
  ingest: { kilobytes: 230, cpuMs: 50 },
  'keep-audit': { kilobytes: 100, cpuMs: 50 },
  notify: { kilobytes: 750, cpuMs: 120 },
  query: { kilobytes: 1150, cpuMs: 150 },
  'record-audit': { kilobytes: 100, cpuMs: 50 },
  'reduce-metrics': { kilobytes: 160, cpuMs: 50 },
  'seal-audit': { kilobytes: 100, cpuMs: 50 },
  tick: { kilobytes: 50, cpuMs: 40 },
};
const IMPORTS = 3;
/** What takes long to load and is of no use in a function; `yaml` only where a configuration is read. */
const HEAVY =
  /node_modules\/(@bufbuild|protobufjs|google-protobuf|zod|@opentelemetry|preact|uplot|undici|ws)\//;
const READS_CONFIG = ['evaluate', 'notify', 'query'];

let folder = '';
const inputsOf = new Map<string, readonly string[]>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bundle-'));
  await Promise.all(
    DOORS.map(async (door) => {
      const metafile: Metafile = await bundleDoor(door, fileOf(door), { plugins: [standInForSdk] });
      inputsOf.set(door, Object.keys(metafile.inputs));
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = (door: string): string => path.join(folder, `${door}.mjs`);

/** Those of the deployment, from the snapshot of production that `npm run test:infra` keeps. */
function environmentOf(door: string): Readonly<Record<string, string>> {
  const snapshot = readFileSync(path.join(ROOT, 'test/infra/snapshots/production.txt'), 'utf8');
  const line = snapshot
    .split('\n')
    .find(
      (each) =>
        each.startsWith('aws:lambda/function ') && each.includes(`"name":"sluice-production-${door}"`),
    );
  const inputs = JSON.parse(line!.slice(line!.indexOf('{'))) as {
    readonly environment: { readonly variables: Readonly<Record<string, string>> };
  };
  return inputs.environment.variables;
}

test('every function has its budget', () => {
  expect(Object.keys(BUDGETS)).toEqual(DOORS);
});

test.each(DOORS)('the bundle of %s stays within its budget', (door) => {
  const { size } = statSync(fileOf(door));
  expect(size).toBeGreaterThan(20_000);
  expect(size).toBeLessThanOrEqual(BUDGETS[door]!.kilobytes * 1000);
});

test.each(DOORS)(
  'the bundle of %s holds no heavy library, and nothing for tests or for local mode',
  (door) => {
    const inputs = inputsOf.get(door)!;
    expect(inputs).toContain(`functions/${door}.ts`);
    const foreign = /\/testing\/|\.test\.ts|functions\/local|platform\/src\/embedded\/(?!config-folder)/;
    expect(inputs.filter((input) => HEAVY.test(input) || foreign.test(input))).toEqual([]);
    if (!READS_CONFIG.includes(door)) expect(inputs.filter((input) => /\/yaml\//.test(input))).toEqual([]);
  },
);

test.each(DOORS)('the bundle of %s brings its source map along', (door) => {
  const map = JSON.parse(readFileSync(`${fileOf(door)}.map`, 'utf8')) as {
    readonly sources: readonly string[];
  };
  expect(map.sources.some((source) => source.endsWith(`functions/${door}.ts`))).toBe(true);
});

const PROGRAM = `
  const before = process.cpuUsage();
  const { handler } = await import(process.argv.at(-1));
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ isHandler: typeof handler === 'function', ms: (user + system) / 1000 }));
  process.exit(0);
`;

test.each(DOORS)('importing the bundle of %s stays within its budget', async (door) => {
  const env = { ...environmentOf(door), SLUICE_CONFIG_DIR: '', AWS_REGION: 'eu-central-1' };
  const runs: number[] = [];
  for (let i = 0; i < IMPORTS; i++) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', PROGRAM, fileOf(door)],
      { env },
    );
    const { isHandler, ms } = JSON.parse(stdout) as { isHandler: boolean; ms: number };
    expect(isHandler).toBe(true);
    runs.push(ms);
  }
  // The least: what another process takes from the caches is not the bundle's.
  expect(Math.min(...runs)).toBeLessThanOrEqual(BUDGETS[door]!.cpuMs);
});
