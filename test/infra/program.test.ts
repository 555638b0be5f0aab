/** The program of every stage and way in, run as a deployment would run it, and held against the rules. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { INDEX_FIELDS, SAVED_QUERIES } from '@sluice/backends/cloudwatch/saved-queries';
import { beforeAll, expect, test } from 'vitest';
import { TYPE, toDeployment } from './deployment.ts';
import { renderPermissions } from './permissions-table.ts';
import type { RecordedResource } from './recorder.ts';
import { readSharedContext, type SharedContext } from './rule-context.ts';
import { checkRules } from './rules.ts';
import { grantedByFunction } from './rules-permissions.ts';
import { type ProgramRun, runProgram, tryProgram } from './run-program.ts';
import { renderSnapshot } from './snapshot.ts';
import { ROOT } from './sst-platform.ts';
import { EDGES, inputFor, STAGE_NAMES, type StageName } from './stages.ts';

const CASES = STAGE_NAMES.flatMap((stage) => EDGES.map((edge) => ({ stage, edge })));
const PERMISSIONS_PAGE = join(ROOT, 'docs/permissions-aws.md');
const keyOf = ({ stage, edge }: (typeof CASES)[number]): string => `${stage} ${edge}`;

let runs: ReadonlyMap<string, ProgramRun>;
let shared: SharedContext;
beforeAll(async () => {
  const results = await runProgram(CASES.map(({ stage, edge }) => inputFor(stage, edge)));
  runs = new Map(CASES.map((each, i) => [keyOf(each), results[i]!]));
  shared = await readSharedContext();
});
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

test('a domain names both doors, over an API and over the CDN', async () => {
  const inputs = (['http-api', 'cdn'] as const).map((edge) =>
    inputFor('production', edge, 'telemetry.example.net'),
  );
  const [api, cdn] = await runProgram(inputs);
  const urls = {
    ingestUrl: 'https://ingest.telemetry.example.net',
    queryUrl: 'https://query.telemetry.example.net',
  };
  expect(api!.outputs).toMatchObject(urls);
  expect(cdn!.outputs).toMatchObject(urls);
});

test('a configuration is checked, and taken along by the functions that read it', async () => {
  const folder = mkdtempSync(join(ROOT, '.sst/config-'));
  try {
    const configDir = relative(ROOT, folder);
    writeFileSync(join(folder, 'sluice.yml'), 'redaction:\n  deny: [user.phone]\n');
    writeFileSync(join(folder, 'alertmanager.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n');
    const { stage, env } = inputFor('staging', 'url');
    const input = { stage, env: { ...env, SLUICE_CONFIG_DIR: configDir } };
    const [run] = await runProgram([input]);
    const told = (name: string) =>
      toDeployment(run!.resources)
        .of(TYPE.fn)
        .find((fn) => fn.name === `sluice-staging-${name}`)?.environment.variables;
    expect(run!.packages.Ingest).toEqual(['bundle.mjs', 'compiled/redaction.json']);
    expect(told('ingest').SLUICE_REDACTION_FILE).toBe('compiled/redaction.json');
    for (const name of ['Query', 'Evaluate', 'Notify'])
      expect(run!.packages[name]).toEqual(['bundle.mjs', 'config/alertmanager.yml', 'config/sluice.yml']);
    expect(told('query').SLUICE_CONFIG_DIR).toBe('config');
    expect(run!.packages.Tick).toEqual(['bundle.mjs']);
    expect(checkRules(run!.resources, { ...shared, stage, edge: 'url' })).toEqual([]);

    writeFileSync(join(folder, 'sluice.yml'), 'redaction:\n  denny: []\n');
    const [stopped] = await tryProgram([input]);
    expect(stopped).toEqual({
      error: expect.stringContaining('sluice.yml: redaction.denny: "denny" is not a setting'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
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
