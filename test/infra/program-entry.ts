/**
 * Runs inside the process of the program: sets the globals of SST, connects Pulumi to the recorder, answers SST's
 * own calls, and writes down what was asked for.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createRecorder } from './recorder.ts';

interface Job {
  readonly root: string;
  readonly platform: string;
  readonly work: string;
  readonly inputs: readonly {
    readonly stage: string;
    readonly env: Readonly<Record<string, string>>;
    /** The built sst.config.ts. */
    readonly config: string;
  }[];
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
}

interface Config {
  app(input: { readonly stage: string }): { readonly name: string; readonly protect: boolean };
  run(): Promise<unknown>;
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
  const failure = watchFailures();
  const { pulumi, run } = await load();
  const results: object[] = [];
  for (const { stage, env, config: file } of job.inputs) {
    for (const name of Object.keys(process.env).filter((key) => key.startsWith('SLUICE_')))
      delete process.env[name];
    Object.assign(process.env, env);
    const { default: config } = (await import(file)) as { readonly default: Config };
    const app = config.app({ stage });
    globals.$app = { ...app, stage, removal: 'remove', providers: {} };
    const { resources, mocks } = createRecorder();
    await pulumi.runtime.setMocks(mocks, app.name, stage, false);
    let outputs: unknown;
    const program = async (): Promise<void> => {
      await pulumi.runtime.runInPulumiStack(async () => {
        outputs = await pulumi.output(await run(() => config.run())).promise();
      });
      await pulumi.runtime.waitForRPCs();
    };
    try {
      await Promise.race([program(), failure.next()]);
      results.push({ resources, outputs, packages: readPackages(join(job.work, 'artifacts')) });
    } catch (error) {
      results.push({ error: error instanceof Error ? error.message : String(error) });
      // What hangs in the air would hold up the runs after it: they get a process of their own.
      break;
    }
  }
  writeFileSync(resultFile, JSON.stringify(results));
  server.close();
  server.closeAllConnections();
  process.exit(0);
}

/** Names of the files in each function's package, by logical name. */
function readPackages(folder: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, listZip(readFileSync(join(folder, name, 'code.zip')))]),
  );
}

/** From the central directory (PKWARE APPNOTE § 4.3.12). */
function listZip(zip: Buffer): readonly string[] {
  const entry = Buffer.from('PK\u0001\u0002');
  const names: string[] = [];
  for (let at = zip.indexOf(entry); at >= 0; at = zip.indexOf(entry, at + 1)) {
    const start = at + 46;
    names.push(zip.subarray(start, start + zip.readUInt16LE(at + 28)).toString());
  }
  return names.filter((name) => !name.endsWith('/'));
}

/** What a program throws inside of an output reaches nobody: it is told by the process. */
function watchFailures(): { next(): Promise<never> } {
  let reject: (error: unknown) => void = () => {};
  process.on('unhandledRejection', (error) => reject(error));
  process.on('uncaughtException', (error) => reject(error));
  return {
    next: () =>
      new Promise<never>((_resolve, fail) => {
        reject = fail;
      }),
  };
}

interface RpcCall {
  readonly method: string;
  readonly params: readonly [
    {
      readonly functionID?: string;
      readonly handler?: string;
      readonly properties?: { readonly sourcemap?: boolean };
    },
  ];
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
        if (input.properties?.sourcemap === true) writeFileSync(join(out, 'bundle.mjs.map'), '{}');
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
  // A connection that is kept is not closed under a request of the next run.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.SST_SERVER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}
