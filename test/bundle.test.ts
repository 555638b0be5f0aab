/**
 * What a cold start of each function has to load. The bundles are built as for Lambda, whose Node runtime brings the
 * AWS SDK along (AWS Lambda Developer Guide § Building with Node.js): bundling it would add 450 KB for
 * SQS alone and more for DynamoDB. So the SDK stays outside, as in deployment, and stands aside as empty classes
 * where the import is measured: its cost is the runtime's.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOORS } from './aws/bundle-door.ts';
import { BUDGETS, bundleForColdStart, importOnce, kilobytesOf } from './aws/cold-start.ts';

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
      const metafile = await bundleForColdStart(door, fileOf(door));
      inputsOf.set(door, Object.keys(metafile.inputs));
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = (door: string): string => path.join(folder, `${door}.mjs`);

test('every function has its budget', () => {
  expect(Object.keys(BUDGETS)).toEqual(DOORS);
});

test.each(DOORS)('the bundle of %s stays within its budget', (door) => {
  const kilobytes = kilobytesOf(fileOf(door));
  expect(kilobytes).toBeGreaterThan(20);
  expect(kilobytes).toBeLessThanOrEqual(BUDGETS[door]!.kilobytes);
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

test.each(DOORS)('importing the bundle of %s stays within its budget', async (door) => {
  const runs: number[] = [];
  for (let i = 0; i < IMPORTS; i++) runs.push(await importOnce(door, fileOf(door)));
  // The least: what another process takes from the caches is not the bundle's.
  expect(Math.min(...runs)).toBeLessThanOrEqual(BUDGETS[door]!.cpuMs);
});
