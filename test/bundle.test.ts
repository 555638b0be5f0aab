/**
 * What a cold start of ingest has to load. The bundle is built as for Lambda, whose Node runtime brings the
 * AWS SDK along (AWS Lambda Developer Guide § Building with Node.js): bundling it would add 450 KB for
 * SQS alone and more for DynamoDB, which is twice the budget. So the SDK stays outside, as in deployment,
 * and stands aside as empty classes where the import is measured: its cost is the runtime's.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAX_BYTES = 230_000;
const MAX_IMPORT_CPU_MS = 50;
const IMPORTS = 7;
const ROOT = path.resolve(import.meta.dirname, '..');

/** Everything that the door of ingest needs: the app, keys, limits, and the adapters of SQS and DynamoDB. */
const ENTRY = `
  import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
  import { SQSClient } from '@aws-sdk/client-sqs';
  import { createLogger } from '@sluice/core/logger';
  import { systemClock as clock } from '@sluice/core/ports/clock';
  import { createSelfMetrics } from '@sluice/core/self-metrics';
  import { createIngestApp } from '@sluice/ingest/ingest-app';
  import { createSqsQueue } from '@sluice/platform/aws/queue';
  import { createDynamoTable } from '@sluice/platform/aws/table';
  import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
  import { createRateLimiter } from '@sluice/platform/limits/rate-limiter';
  import { handle } from 'hono/aws-lambda';
  const client = new SQSClient({});
  const queue = (name) => createSqsQueue({ client, queueUrl: 'https://sqs.test/' + name });
  const table = createDynamoTable({ client: new DynamoDBClient({}), tableName: 'sluice' });
  const logger = createLogger({ level: 'info', write: (line) => process.stdout.write(line), nowMs: Date.now });
  export const app = createIngestApp({
    queues: { traces: queue('traces'), logs: queue('logs'), metrics: queue('metrics') },
    keys: createKeyVerifier({ table, clock }),
    limiter: createRateLimiter({ table, clock }),
    clock,
    selfMetrics: createSelfMetrics(),
    logger,
  });
  export const handler = handle(app);
`;

const standInForSdk: Plugin = {
  name: 'stand-in-for-sdk',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\// }, ({ path: name }) => ({ path: name, namespace: 'sdk' }));
    onLoad({ filter: /.*/, namespace: 'sdk' }, async ({ path: name }) => {
      const names = Object.keys(await import(name)).filter((exported) => /^[A-Z]\w*$/.test(exported));
      return { contents: names.map((exported) => `export class ${exported} {}`).join('\n') };
    });
  },
};

function bundle(options: BuildOptions): Promise<{ readonly metafile: Metafile }> {
  return build({
    stdin: { contents: ENTRY, resolveDir: path.join(ROOT, 'packages/ingest'), loader: 'ts' },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    metafile: true,
    logLevel: 'error',
    ...options,
  } as BuildOptions & { metafile: true });
}

let folder = '';
let metafile: Metafile;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bundle-'));
  ({ metafile } = await bundle({
    external: ['@aws-sdk/*'],
    write: false,
    outfile: path.join(folder, 'lambda.mjs'),
  }));
  await bundle({ plugins: [standInForSdk], outfile: path.join(folder, 'measured.mjs') });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test(`the ingest bundle stays under ${MAX_BYTES} bytes`, () => {
  const [output] = Object.values(metafile.outputs);
  expect(output!.bytes).toBeGreaterThan(20_000);
  expect(output!.bytes).toBeLessThanOrEqual(MAX_BYTES);
});

test('the ingest bundle holds no protobuf library, zod, yaml or OpenTelemetry SDK', () => {
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.some((input) => input.includes('packages/otlp/src/validate.ts'))).toBe(true);
  const heavy = /node_modules\/(@bufbuild|protobufjs|google-protobuf|zod|yaml|@opentelemetry)\//;
  expect(inputs.filter((input) => heavy.test(input))).toEqual([]);
});

test('the ingest bundle holds nothing that is for tests or for local mode only', () => {
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((input) => /\/testing\/|\.test\.ts|platform\/src\/embedded\//.test(input))).toEqual(
    [],
  );
});

test(`importing the ingest bundle takes at most ${MAX_IMPORT_CPU_MS} ms of CPU`, {
  timeout: 60_000,
}, async () => {
  const file = JSON.stringify(path.join(folder, 'measured.mjs'));
  const program = `
    const before = process.cpuUsage();
    const { handler } = await import(${file});
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ isHandler: typeof handler === 'function', ms: (user + system) / 1000 }));
  `;
  const runs: number[] = [];
  for (let i = 0; i < IMPORTS; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      program,
    ]);
    const { isHandler, ms } = JSON.parse(stdout) as { isHandler: boolean; ms: number };
    expect(isHandler).toBe(true);
    runs.push(ms);
  }
  expect(runs.sort((a, b) => a - b)[Math.floor(IMPORTS / 2)]).toBeLessThanOrEqual(MAX_IMPORT_CPU_MS);
});
