/** The program of every stage and way in, run as a deployment would run it, and held against the rules. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { INDEX_FIELDS, SAVED_QUERIES } from '@sluice/backends/cloudwatch/saved-queries';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TYPE, toDeployment } from './deployment.ts';
import { renderPermissions } from './permissions-table.ts';
import type { RecordedResource } from './recorder.ts';
import { readSharedContext, type SharedContext } from './rule-context.ts';
import { checkRules } from './rules.ts';
import { grantedByFunction } from './rules-permissions.ts';
import { type ProgramInput, type ProgramRun, runProgram, tryProgram } from './run-program.ts';
import { renderSnapshot } from './snapshot.ts';
import { ROOT } from './sst-platform.ts';
import { EDGES, inputFor, STAGE_NAMES, type StageName } from './stages.ts';

const CASES = STAGE_NAMES.flatMap((stage) => EDGES.map((edge) => ({ stage, edge })));
const PERMISSIONS_PAGE = join(ROOT, 'docs/permissions-aws.md');
const keyOf = ({ stage, edge }: (typeof CASES)[number]): string => `${stage} ${edge}`;

/** What is deployed besides, in the same process: it takes seconds to start. */
const OTHERS = ['domain over http-api', 'domain over cdn', 'with a configuration', 'third key'] as const;

let folder = '';
let runs: ReadonlyMap<string, ProgramRun>;
let shared: SharedContext;
beforeAll(async () => {
  folder = mkdtempSync(join(ROOT, '.sst/config-'));
  writeFileSync(join(folder, 'sluice.yml'), 'redaction:\n  deny: [user.phone]\n');
  writeFileSync(join(folder, 'alertmanager.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n');
  const results = await runProgram([
    ...CASES.map(({ stage, edge }) => inputFor(stage, edge)),
    inputFor('production', 'http-api', 'telemetry.example.net'),
    inputFor('production', 'cdn', 'telemetry.example.net'),
    stagingWith({ SLUICE_CONFIG_DIR: relative(ROOT, folder) }),
    stagingWith({ SLUICE_AUDIT_KEY_GENERATION: '3' }),
  ]);
  runs = new Map([...CASES.map(keyOf), ...OTHERS].map((key, i) => [key, results[i]!]));
  shared = await readSharedContext();
});
afterAll(() => rmSync(folder, { recursive: true }));

function stagingWith(env: Readonly<Record<string, string>>): ProgramInput {
  const input = inputFor('staging', 'url');
  return { ...input, env: { ...input.env, ...env } };
}
const other = (key: (typeof OTHERS)[number]): ProgramRun => runs.get(key)!;
const resourcesOf = (stage: StageName, edge: (typeof EDGES)[number]): readonly RecordedResource[] =>
  runs.get(keyOf({ stage, edge }))!.resources;

test.each(CASES)('$stage over $edge keeps to every rule', ({ stage, edge }) => {
  expect(checkRules(resourcesOf(stage, edge), { ...shared, stage, edge })).toEqual([]);
});

test.each(CASES)('$stage over $edge tells its addresses', ({ stage, edge }) => {
  expect(runs.get(keyOf({ stage, edge }))!.outputs).toMatchObject({
    ingestUrl: expect.stringMatching(/^https:\/\//),
    queryUrl: expect.stringMatching(/^https:\/\//),
    keysTable: `sluice-${stage}-keys`,
  });
});

test.each(STAGE_NAMES)('%s asks for the resources of its snapshot', async (stage) => {
  await expect(renderSnapshot(resourcesOf(stage, 'url'))).toMatchFileSnapshot(`snapshots/${stage}.txt`);
});

test('a domain names both doors, over an API and over the CDN', () => {
  for (const key of ['domain over http-api', 'domain over cdn'] as const)
    expect(other(key).outputs).toMatchObject({
      ingestUrl: 'https://ingest.telemetry.example.net',
      queryUrl: 'https://query.telemetry.example.net',
    });
  expect(
    toDeployment(other('domain over http-api').resources)
      .of(TYPE.api)
      .map(({ disableExecuteApiEndpoint }) => disableExecuteApiEndpoint),
  ).toEqual([true, true]);
});

test('a configuration is taken along by the functions that read it', () => {
  const { packages, resources } = other('with a configuration');
  const told = (name: string) =>
    toDeployment(resources)
      .of(TYPE.fn)
      .find((fn) => fn.name === `sluice-staging-${name}`)?.environment.variables;
  expect(packages.Ingest).toEqual(['bundle.mjs', 'bundle.mjs.map', 'compiled/redaction.json']);
  expect(told('ingest').SLUICE_REDACTION_FILE).toBe('compiled/redaction.json');
  for (const name of ['Query', 'Evaluate', 'Notify'])
    expect(packages[name]).toEqual([
      'bundle.mjs',
      'bundle.mjs.map',
      'config/alertmanager.yml',
      'config/sluice.yml',
    ]);
  expect(told('query').SLUICE_CONFIG_DIR).toBe('config');
  expect(packages.Tick).toEqual(['bundle.mjs', 'bundle.mjs.map']);
  expect(checkRules(resources, { ...shared, stage: 'staging', edge: 'url' })).toEqual([]);
});

test('a configuration that is wrong is refused with its place, before anything is created', async () => {
  writeFileSync(join(folder, 'sluice.yml'), 'redaction:\n  denny: []\n');
  const [stopped] = await tryProgram([stagingWith({ SLUICE_CONFIG_DIR: relative(ROOT, folder) })]);
  expect(stopped).toEqual({
    error: expect.stringContaining('sluice.yml: redaction.denny: "denny" is not a setting'),
  });
});

test('a new generation of the signing key signs alone, and all of them verify', () => {
  const { resources } = other('third key');
  const newest = 'key SigningKey-3';
  /** As with one key: the newest in its place, and the public halves of the others beside it. */
  const needed = Object.fromEntries(
    Object.entries(shared.needed).map(([name, words]) => [
      name,
      words.flatMap((word) => {
        if (!word.endsWith('key SigningKey')) return [word];
        const moved = word.replace('key SigningKey', newest);
        return word.startsWith('kms:Sign ') ? [moved] : [moved, word, `${word}-2`];
      }),
    ]),
  );
  const context = { ...shared, needed, stage: 'staging', edge: 'url' };
  expect(checkRules(resources, context)).toEqual([]);
  const signing = toDeployment(resources)
    .of(TYPE.key)
    .filter(({ policy }) => String(policy).includes('kms:Sign'));
  expect(signing.map(({ description }) => description)).toEqual([expect.stringContaining('generation 3')]);
  expect(checkRules(resources, { ...context, needed: shared.needed })).toContain(
    `seal-audit is granted kms:Sign ${newest} and does not use it`,
  );
});

test('every stage grants the same', () => {
  const granted = STAGE_NAMES.map((stage) =>
    grantedByFunction(toDeployment(resourcesOf(stage, 'url')), { stage }),
  );
  expect(granted[1]).toEqual(granted[0]);
  expect(granted[2]).toEqual(granted[0]);
});

test('the saved queries are those of the command line', () => {
  expect(JSON.parse(readFileSync(join(ROOT, 'infra/saved-queries.json'), 'utf8'))).toEqual({
    indexFields: INDEX_FIELDS,
    savedQueries: SAVED_QUERIES,
  });
});

test('the table of permissions in the documentation is what is granted', async () => {
  const granted = grantedByFunction(toDeployment(resourcesOf('production', 'url')), { stage: 'production' });
  const page = readFileSync(PERMISSIONS_PAGE, 'utf8');
  const text = page.slice(0, page.indexOf('| Role'));
  await expect(text + renderPermissions(granted)).toMatchFileSnapshot(PERMISSIONS_PAGE);
});
