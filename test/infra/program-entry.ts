/**
 * Runs inside the process of the program: sets the globals of SST, connects Pulumi to the recorder, answers SST's
 * own calls, and writes down what was asked for.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createRecorder, type RecordedResource } from './recorder.ts';

interface Job {
  readonly root: string;
  readonly platform: string;
  readonly work: string;
  readonly inputs: readonly { readonly stage: string; readonly env: Readonly<Record<string, string>> }[];
}

/** The parts of `@pulumi/pulumi` and of SST's platform that are driven. */
interface Loaded {
  readonly pulumi: {
    readonly runtime: {
      setMocks(mocks: object, project: string, stack: string, preview: boolean): Promise<void>;
      waitForRPCs(disconnect?: boolean): Promise<void>;
      runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
    };
    output(value: unknown): { promise(withUnknowns?: boolean): Promise<unknown> };
  };
  run(program: () => Promise<unknown>): Promise<Record<string, unknown>>;
  readonly config: {
    app(input: { readonly stage: string }): { readonly name: string; readonly protect: boolean };
    run(): Promise<unknown>;
  };
}

type Globals = typeof globalThis & { $app?: object; $cli?: object; $config?: unknown };

export async function runInputs(load: () => Promise<Loaded>): Promise<void> {
  const [jobFile, resultFile] = process.argv.slice(2) as [string, string];
  const job = JSON.parse(readFileSync(jobFile, 'utf8')) as Job;
  const globals = globalThis as Globals;
  const paths = { home: job.work, root: job.root, work: job.work, platform: job.platform };
  globals.$cli = { command: 'deploy', rpc: '', paths, state: { version: {} } };
  globals.$app = {
    name: 'sluice',
    stage: job.inputs[0]!.stage,
    removal: 'remove',
    providers: {},
    protect: false,
  };
  const server = await serveRpc(job);
  const { pulumi, run, config } = await load();
  const results: { resources: readonly RecordedResource[]; outputs: unknown }[] = [];
  for (const { stage, env } of job.inputs) {
    for (const name of Object.keys(process.env).filter((key) => key.startsWith('SLUICE_')))
      delete process.env[name];
    Object.assign(process.env, env);
    const app = config.app({ stage });
    globals.$app = { ...app, stage };
    const { resources, mocks } = createRecorder();
    await pulumi.runtime.setMocks(mocks, app.name, stage, false);
    let outputs: unknown;
    await pulumi.runtime.runInPulumiStack(async () => {
      outputs = await pulumi.output(await run(() => config.run())).promise();
    });
    await pulumi.runtime.waitForRPCs();
    results.push({ resources, outputs });
  }
  writeFileSync(resultFile, JSON.stringify(results));
  server.close();
  server.closeAllConnections();
  process.exit(0);
}

interface RpcCall {
  readonly method: string;
  readonly params: readonly [{ readonly functionID?: string; readonly handler?: string }];
}

/** What SST's Go side does for the program: here it says where a bundle would be, once its source is found. */
async function serveRpc({ root, work }: Job): Promise<{ close(): void; closeAllConnections(): void }> {
  const answer = ({ method, params: [input] }: RpcCall): object => {
    switch (method) {
      case 'Runtime.Build': {
        const handler = input.handler ?? '';
        const source = `${handler.slice(0, handler.lastIndexOf('.'))}.ts`;
        const out = join(work, 'bundles', input.functionID ?? '');
        mkdirSync(out, { recursive: true });
        writeFileSync(join(out, 'bundle.mjs'), 'export const handler = () => {};\n');
        const errors = existsSync(join(root, source)) ? [] : [`Handler not found: ${handler}`];
        return { result: { handler: 'bundle.handler', out, errors, sourcemaps: [] } };
      }
      case 'Provider.Aws.Bootstrap':
        return { result: { asset: 'sst-asset-test', state: 'sst-state-test', version: 1 } };
      default:
        return { error: `rpc: can't find method ${method}` };
    }
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(JSON.stringify(answer(JSON.parse(body) as RpcCall))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.SST_SERVER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}
