/** The AWS composition on one machine: the bundles of all functions with the environments of production, over emulators. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  type FakeCloudWatchLogs,
  startFakeCloudWatchLogs,
} from '@sluice/backends/testing/fake-cloudwatch-logs';
import { createFakeLoki, type FakeLoki } from '@sluice/backends/testing/fake-loki';
import { createFakeMimir, type FakeMimir } from '@sluice/backends/testing/fake-mimir';
import { createFakeTempo, type FakeTempo } from '@sluice/backends/testing/fake-tempo';
import { systemClock as clock } from '@sluice/core/ports/clock';
import { createDynamoTable } from '@sluice/platform/aws/table';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { startDynamoEmulator, startSqsEmulator } from '@sluice/platform/testing/aws-emulators';
import { invokeAsync } from './async-invoke.ts';
import { type AwsEndpoint, startAwsEndpoint } from './aws-endpoint.ts';
import { bundleDoor, DOORS, ROOT } from './bundle-door.ts';
import { type Mapping, startMapping } from './event-source-mapping.ts';
import { giveWholeGroups } from './fifo-batches.ts';
import { startFunctionUrl } from './function-url.ts';
import { createFate, type Fate } from './hostility.ts';
import { arnOf, createIam } from './iam.ts';
import { createLambda, type LambdaFunction } from './lambda-host.ts';

export const STAGE = 'production';
const PREFIX = `sluice-${STAGE}-`;
const ACCOUNT_PATH = '/000000000000/';
const PRELOADS = ['shifted-clock.ts', 'outside-world.ts']
  .map((file) => `--import=${pathToFileURL(join(import.meta.dirname, file)).href}`)
  .join(' ');
/** A second of gathering is a tenth of one here. */
const WINDOW_SCALE = 0.1;
/** What AWS hides for minutes is seen again this soon. */
const MAX_HIDDEN_SECONDS = 3;
/** Batches at once of one mapping: this machine is smaller than AWS. */
const MAX_CONCURRENCY = 2;

export interface Cloud {
  readonly ingestUrl: string;
  readonly queryUrl: string;
  /** Of a tenant's key that may do everything. */
  readonly secret: string;
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  readonly aws: AwsEndpoint;
  readonly tempo: FakeTempo;
  readonly loki: FakeLoki;
  readonly mimir: FakeMimir;
  readonly logs: FakeCloudWatchLogs;
  readonly sqs: SQSClient;
  /** What functions and messages have to put up with; calm at first. */
  readonly fate: Fate;
  /** Of each event source mapping, by the name of its function. */
  readonly mappings: ReadonlyMap<string, Mapping>;
  queueUrl(name: string): string;
  /** Of a key that may do everything for another tenant. */
  createKey(tenant: string): Promise<string>;
  /** How far the clock of functions is ahead from now on: of one, or of all. */
  setClock(aheadMs: number, name?: string): void;
  /** As the schedule of the job does: tried again, and in the end among the dead letters of schedules. */
  schedule(job: string): Promise<'done' | 'given up'>;
  /** Environment of the command line, for who may do everything to queues and keys. */
  readonly operator: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface Deployed {
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Resources of a type, from the snapshot that `npm run test:infra` keeps. */
export function deployed(type: string): readonly Deployed[] {
  const snapshot = readFileSync(join(ROOT, `test/infra/snapshots/${STAGE}.txt`), 'utf8');
  return snapshot
    .split('\n')
    .filter((line) => line.startsWith(`${type} `))
    .map((line) => ({
      name: line.split(' ')[1]!,
      inputs: JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>,
    }));
}

export interface CloudOptions {
  /** Whether queues feed their functions; else the caller does. */
  readonly consumes?: boolean;
  /** Where the functions reach a destination, if not directly. */
  readonly destination?: (url: string) => Promise<string>;
  /** Of everything that is left to chance. */
  readonly seed?: number;
  /** Share of their own invocations that functions make spans of: none, since they would be calls that nobody counts on. */
  readonly selfTraces?: number;
  /** The folder `config/` that is deployed along. */
  readonly configDir?: string;
  /** Parameters below the path of the stage that `infra/` does not make, e.g. `config/HOOK`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Servers on this machine that functions know by a name of the internet: name and port. */
  readonly hosts?: Readonly<Record<string, number>>;
}

/** What infra/secrets.ts writes for a secret that nobody has set. */
const UNSET = '-';

/** Of Parameter Store: those of the deployment, and what an operator has put beside them. */
function parametersOf(own: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map([
    ...deployed('aws:ssm/parameter').map(({ inputs }) => [String(inputs.name), UNSET] as const),
    ...Object.entries(own).map(([name, value]) => [`/sluice/${STAGE}/${name}`, value] as const),
  ]);
}

export async function startCloud({
  consumes = true,
  destination = async (url) => url,
  seed = 1,
  selfTraces = 0,
  configDir = '',
  parameters = {},
  hosts = {},
}: CloudOptions = {}): Promise<Cloud> {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-'));
  const fate = createFate(seed);
  await giveWholeGroups();
  const [sqs, dynamo, logs, tempo, loki, mimir] = await Promise.all([
    startSqsEmulator(),
    startDynamoEmulator(),
    startFakeCloudWatchLogs(),
    createFakeTempo(),
    createFakeLoki(),
    createFakeMimir(),
  ]);
  const endpointOf = async (client: {
    config: { endpoint?: () => Promise<{ port?: number }> };
  }): Promise<string> => `http://127.0.0.1:${(await client.config.endpoint!()).port}`;
  const iam = createIam({
    roles: deployed('aws:iam/role').map(({ inputs }) => inputs),
    keys: new Map(
      deployed('aws:kms/key').map(({ name, inputs }) => [arnOf('kms', `key/key-${name}`), inputs]),
    ),
    prefix: PREFIX,
  });
  const emulators = {
    sqs: await endpointOf(sqs.client as never),
    dynamodb: await endpointOf(dynamo.client as never),
    logs: logs.url,
  };
  const aws = await startAwsEndpoint(emulators, { iam, parameters: parametersOf(parameters), fate });
  const credentials = { accessKeyId: 'harness', secretAccessKey: 'test' };
  const queues = new Map<string, string>();
  for (const { inputs } of deployed('aws:sqs/queue')) {
    const name = String(inputs.name);
    await sqs.createQueue(name);
    // The emulator's own address of a queue is none that the SDK can read; it takes the host for the endpoint.
    queues.set(name, `${aws.url}${ACCOUNT_PATH}${name}`);
  }
  for (const { inputs } of deployed('aws:dynamodb/table')) await dynamo.createTable(String(inputs.name));
  const logsClient = new CloudWatchLogsClient({ region: 'us-east-1', endpoint: logs.url, credentials });
  for (const { inputs } of deployed('aws:cloudwatch/logGroup'))
    await logsClient.send(new CreateLogGroupCommand({ logGroupName: String(inputs.name) }));
  logsClient.destroy();
  const table = createDynamoTable({ client: dynamo.client, tableName: `${PREFIX}keys`, clock });
  const createKey = async (tenant: string): Promise<string> => {
    const scopes = ['admin'];
    // Counted in the table, as every key with a quota is.
    const limits = { itemsPerDay: 1_000_000_000 };
    return (await createKeyStore({ table, clock }).create({ tenant, name: 'first', scopes, limits })).secret;
  };
  const secret = await createKey('acme');

  const aheadMs = new Map<string, number>();
  const clockFile = (door: string): string => join(folder, `${door}.clock`);
  const setClock: Cloud['setClock'] = (ms, name) => {
    for (const door of name === undefined ? DOORS : [name]) {
      aheadMs.set(door, ms);
      // In place: whoever reads meanwhile sees one or the other.
      writeFileSync(clockFile(door), new Float64Array([ms]), { flag: 'r+' });
    }
  };
  for (const door of DOORS) writeFileSync(clockFile(door), '');
  setClock(0);

  const functions = new Map<string, LambdaFunction>();
  const specs = new Map(deployed('aws:lambda/function').map(({ inputs }) => [String(inputs.name), inputs]));
  await Promise.all(
    DOORS.map(async (door) => {
      const file = join(folder, `${door}.mjs`);
      // The SDK comes along: there is no runtime that has it.
      await bundleDoor(door, file, {});
      const spec = specs.get(PREFIX + door)!;
      const { variables } = spec.environment as { readonly variables: Readonly<Record<string, string>> };
      const env: Record<string, string> = {
        ...Object.fromEntries(
          Object.entries(variables).map(([name, value]) => [
            name,
            /_QUEUE_URL$/.test(name) ? queues.get(value.split('/').at(-1)!)! : value,
          ]),
        ),
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: door,
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL: aws.url,
        NODE_OPTIONS: PRELOADS,
        HARNESS_CLOCK_FILE: clockFile(door),
        HARNESS_HOSTS: JSON.stringify(hosts),
        SLUICE_CONFIG_DIR: configDir,
        SLUICE_SELF_TRACES_RATIO: String(selfTraces),
      };
      for (const [name, url] of [
        ['SLUICE_TEMPO_URL', tempo.url],
        ['SLUICE_LOKI_URL', loki.url],
        ['SLUICE_MIMIR_URL', `${mimir.url}/api/v1/push`],
      ] as const)
        if (name in variables) env[name] = await destination(url);
      functions.set(
        door,
        createLambda({ name: door, file, folder, env, timeoutSeconds: Number(spec.timeout), fate }),
      );
    }),
  );

  const mappings = new Map<string, Mapping>();
  const clients: SQSClient[] = [];
  const visible = new Map(
    deployed('aws:sqs/queue').map(({ inputs }) => [inputs.name, inputs.visibilityTimeoutSeconds]),
  );
  for (const { inputs } of consumes ? deployed('aws:lambda/eventSourceMapping') : []) {
    const queue = String(inputs.eventSourceArn).split(':').at(-1)!;
    const fn = functions.get(String(inputs.functionName).split(`:${PREFIX}`).at(-1)!)!;
    const own = { accessKeyId: fn.name, secretAccessKey: 'test' };
    const client = new SQSClient({ region: 'us-east-1', endpoint: aws.url, credentials: own });
    clients.push(client);
    const { maximumConcurrency } = inputs.scalingConfig as { readonly maximumConcurrency: number };
    mappings.set(
      fn.name,
      startMapping({
        client,
        queueUrl: queues.get(queue)!,
        fn,
        batchSize: Number(inputs.batchSize),
        windowMs: Number(inputs.maximumBatchingWindowInSeconds) * 1000 * WINDOW_SCALE,
        visibilitySeconds: Math.min(MAX_HIDDEN_SECONDS, Number(visible.get(queue))),
        concurrency: Math.min(MAX_CONCURRENCY, maximumConcurrency),
        fate,
      }),
    );
  }
  const ingest = await startFunctionUrl(functions.get('ingest')!);
  const query = await startFunctionUrl(functions.get('query')!);

  const asyncConfigs = new Map(
    deployed('aws:lambda/functionEventInvokeConfig').map(({ inputs }) => [inputs.functionName, inputs]),
  );
  const retriesOf = (job: string): number =>
    Number(asyncConfigs.get(PREFIX + job)?.maximumRetryAttempts ?? 2);
  async function giveUp(job: string, MessageBody: string): Promise<void> {
    const { destinationConfig } = asyncConfigs.get(PREFIX + job) as {
      readonly destinationConfig: { readonly onFailure: { readonly destination: string } };
    };
    const queue = destinationConfig.onFailure.destination.split(':').at(-1)!;
    await sqs.client.send(new SendMessageCommand({ QueueUrl: queues.get(queue)!, MessageBody }));
  }

  return {
    ingestUrl: ingest.url,
    queryUrl: query.url,
    secret,
    functions,
    aws,
    tempo,
    loki,
    mimir,
    logs,
    sqs: sqs.client,
    queueUrl: (name) => queues.get(`${PREFIX}${name}`)!,
    fate,
    mappings,
    createKey,
    setClock,
    operator: {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'operator',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_SQS: emulators.sqs,
      AWS_ENDPOINT_URL_DYNAMODB: emulators.dynamodb,
      SLUICE_QUEUES_URL: `${emulators.sqs}${ACCOUNT_PATH}${PREFIX}`,
      SLUICE_KEYS_TABLE: `${PREFIX}keys`,
    },
    schedule: (job) =>
      invokeAsync(
        functions.get(job)!,
        { job, scheduledAtMs: new Date(Date.now() + aheadMs.get(job)!).toISOString() },
        { maxRetries: retriesOf(job), onFailure: (record) => giveUp(job, record) },
      ),
    async close() {
      await Promise.all([...mappings.values()].map(({ stop }) => stop()));
      for (const fn of functions.values()) fn.close();
      for (const client of clients) client.destroy();
      await Promise.all([ingest.close(), query.close(), aws.close()]);
      await Promise.all([
        tempo.close(),
        loki.close(),
        mimir.close(),
        logs.close(),
        sqs.stop(),
        dynamo.stop(),
      ]);
      rmSync(folder, { recursive: true, force: true });
      const refused = aws.denied.map(({ caller, action, arn }) => `${caller}: ${action} ${arn}`);
      if (refused.length > 0)
        throw new Error(`roles do not allow what was called:\n${[...new Set(refused)].join('\n')}`);
    },
  };
}
