/** Test files with something odd about them: promtool and Sluice come to one verdict, or the difference has a name. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createRandom } from '@sluice/core/testing/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RULE_FILES, randomTestFile } from './rules/random-test-file.ts';

const SEED = Number(process.env.PEER_SEED ?? 7);
const FILES = Number(process.env.PEER_FILES ?? 400);

const ROOT = join(import.meta.dirname, '../..');
const PROMTOOL = ['promtool', 'test', 'rules'];
const SLUICE = [
  join(ROOT, 'node_modules/.bin/node'),
  join(ROOT, 'packages/cli/src/main.ts'),
  'rules',
  'test',
];

const folder = mkdtempSync(join(tmpdir(), 'sluice-odd-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  for (const [path, source] of Object.entries(RULE_FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
});

interface Verdicts {
  readonly code: number;
  readonly passed: ReadonlySet<string>;
}

async function ask(command: readonly string[], files: readonly string[]): Promise<Verdicts> {
  const [file, ...args] = command as [string, ...string[]];
  const options = { cwd: folder, maxBuffer: 256 * 1024 * 1024 };
  try {
    const { stdout } = await promisify(execFile)(file, [...args, ...files], options);
    return { code: 0, passed: passedIn(stdout) };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, passed: passedIn(stdout) };
  }
}

function passedIn(out: string): ReadonlySet<string> {
  return new Set([...out.matchAll(/Unit Testing: {2}(\S+)\n {2}SUCCESS/g)].map(([, file]) => file!));
}

async function compare(sources: readonly string[]) {
  const files = sources.map((source, i) => {
    writeFileSync(join(folder, `f${i}_test.yml`), source);
    return `f${i}_test.yml`;
  });
  const [theirs, ours] = await Promise.all([ask(PROMTOOL, files), ask(SLUICE, files)]);
  expect(ours.code).toBe(theirs.code);
  const differences = files.flatMap((file, i) => {
    const [mine, other] = [ours.passed.has(file), theirs.passed.has(file)];
    return mine === other ? [] : [`Sluice ${mine ? 'passes' : 'fails'}:\n${sources[i]}`];
  });
  return { differences, passed: theirs.passed.size };
}

test(`${FILES} odd files have one verdict`, async () => {
  const random = createRandom(SEED);
  const sources = Array.from({ length: FILES }, () => randomTestFile(random));
  const { differences, passed } = await compare(sources);
  console.log(`${FILES} files, promtool passes ${passed}`);
  expect(passed).toBeGreaterThan(FILES / 10);
  expect(passed).toBeLessThan(FILES * 0.9);
  expect(differences).toEqual([]);
});

/**
 * Debian's promtool puts all samples of a test without `interval` at time zero, where the first stands; since Prometheus
 * #13011 they are `evaluation_interval` apart, as here.
 */
test('a test without an interval differs by where its samples lie, and by nothing else', async () => {
  const source = (interval: string, values: string, expected: number): string => `rule_files: [rules.yml]
tests:
  - ${interval}
    input_series: [{ series: 'x{job="a"}', values: '${values}' }]
    promql_expr_test: [{ expr: x, eval_time: 4m, exp_samples: [{ labels: 'x{job="a"}', value: ${expected} }] }]
`;
  const none = 'name: without';
  const { differences } = await compare([
    source('interval: 1m', '3+1x20', 7),
    source(none, '3+1x20', 7),
    source(none, '3+1x20', 3),
    source(none, '3', 3),
    source(none, '_ _ 3', 3),
  ]);
  expect(differences.map((text) => text.slice(0, text.indexOf('\n')))).toEqual([
    'Sluice passes:',
    'Sluice fails:',
  ]);
  expect(differences[0]).toContain('value: 7');
  expect(differences[1]).toContain('value: 3');
});
