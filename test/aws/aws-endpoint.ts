/**
 * One address for all of AWS: notes which function calls what (its access key is its name), and passes the call
 * on to an emulator. KMS and Parameter Store are small enough to be answered here.
 */
import {
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Permission } from '../infra/deployment.ts';
import type { Fate } from './hostility.ts';
import { arnOf, type Iam } from './iam.ts';

export interface AwsCall {
  /** Who signed. */
  readonly caller: string;
  /** In the words of IAM. */
  readonly action: string;
  /** Name of the queue, table, log group, key or parameter. */
  readonly resource: string;
  /** As policies name it; `*` where the action knows no resource. */
  readonly arn: string;
  /** What allowed it; `undefined` when it was refused. */
  readonly permission: Permission | undefined;
}

/** A call with what was in it, for whoever counts sizes. */
export interface AwsExchange {
  readonly caller: string;
  /** E.g. `SendMessageBatch`. */
  readonly operation: string;
  readonly service: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
}

export interface AwsEndpoint {
  readonly url: string;
  readonly calls: AwsCall[];
  /** Calls that the caller's role does not allow: each is a defect of the program, or of the deployment. */
  readonly denied: AwsCall[];
  /** Told of every call that an emulator answered. */
  watch(listener: (exchange: AwsExchange) => void): void;
  /** The next calls of the action by the caller are answered 500. */
  failNext(caller: string, action: string, times: number): void;
  close(): Promise<void>;
}

export interface Emulators {
  readonly sqs: string;
  readonly dynamodb: string;
  readonly logs: string;
}

const SPKI = { type: 'spki', format: 'der' } as const;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface AwsEndpointOptions {
  readonly iam: Iam;
  /** Of Parameter Store, by their names. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly fate: Fate;
}

export async function startAwsEndpoint(
  emulators: Emulators,
  { iam, parameters, fate }: AwsEndpointOptions,
): Promise<AwsEndpoint> {
  const calls: AwsCall[] = [];
  const denied: AwsCall[] = [];
  const kms = createKms();
  const faults = new Map<string, number>();
  const listeners: ((exchange: AwsExchange) => void)[] = [];
  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const [prefix = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    const input = JSON.parse(body.toString() || '{}') as Record<string, unknown>;
    const caller = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const made = toCalls(prefix, operation, input).map((call) => ({
      caller,
      ...call,
      permission: iam.allow({ caller, ...call }),
    }));
    calls.push(...made);
    const refused = made.find(({ permission }) => permission === undefined);
    if (refused !== undefined) {
      denied.push(refused);
      refuse(response, refused);
      return;
    }
    const fault = `${caller} ${calls.at(-1)?.action}`;
    const left = faults.get(fault) ?? 0;
    if (left > 0) faults.set(fault, left - 1);
    if (left > 0 || fate.strikes('callFails')) {
      answerJson(response, { __type: 'InternalFailure' }, 500);
      return;
    }
    if (prefix === 'AmazonSSM') {
      const Value = parameters.get(String(input.Name));
      const answer = Value === undefined ? { __type: 'ParameterNotFound' } : { Parameter: { Value } };
      answerJson(response, answer, Value === undefined ? 400 : 200);
      return;
    }
    if (prefix === 'TrentService') {
      answerJson(response, kms(operation, input));
      return;
    }
    const base =
      prefix === 'AmazonSQS'
        ? emulators.sqs
        : prefix.startsWith('DynamoDB')
          ? emulators.dynamodb
          : emulators.logs;
    const answered = await passOn(request, { base, body });
    if (fate.strikes('callUnheard')) request.socket.destroy();
    else response.writeHead(answered.status, answered.headers).end(answered.body);
    if (listeners.length === 0) return;
    const output = JSON.parse(answered.body.toString() || '{}') as Record<string, unknown>;
    for (const listener of listeners) listener({ caller, operation, service: prefix, input, output });
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    denied,
    watch: (listener) => void listeners.push(listener),
    failNext: (caller, action, times) => void faults.set(`${caller} ${action}`, times),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerJson(response: ServerResponse, answer: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
}

/** As AWS words it (IAM User Guide § Troubleshoot access denied error messages). */
function refuse(response: ServerResponse, { caller, action, arn }: AwsCall): void {
  const message = `User: ${caller} is not authorized to perform: ${action} on resource: ${arn} because no identity-based policy allows the ${action} action`;
  answerJson(response, { __type: 'AccessDeniedException', message }, 400);
}

type RequestedCall = Pick<AwsCall, 'action' | 'resource' | 'arn'>;

/** What is asked for, in the words of IAM (Service Authorization Reference). */
function toCalls(
  prefix: string,
  operation: string,
  input: Readonly<Record<string, unknown>>,
): readonly RequestedCall[] {
  switch (prefix) {
    case 'AmazonSQS': {
      const name = String(input.QueueUrl).split('/').at(-1)!;
      const action = `sqs:${operation.replace(/Batch$/, '')}`;
      return [{ action, resource: `queue ${name}`, arn: arnOf('sqs', name) }];
    }
    case 'DynamoDB_20120810': {
      const arn = arnOf('dynamodb', `table/${input.TableName}`);
      return [{ action: `dynamodb:${operation}`, resource: `table ${input.TableName}`, arn }];
    }
    case 'Logs_20140328': {
      const named = (input.logGroupNames ?? [input.logGroupName]) as readonly (string | undefined)[];
      return named.map((group) => ({
        action: `logs:${operation}`,
        resource: group === undefined ? '*' : `logs ${group}`,
        arn:
          group === undefined
            ? '*'
            : arnOf('logs', `log-group:${group}:log-stream:${input.logStreamName ?? ''}`),
      }));
    }
    case 'TrentService': {
      const arn = String(input.KeyId);
      return [{ action: `kms:${operation}`, resource: `key ${arn.split('key-').at(-1)}`, arn }];
    }
    default: {
      const name = String(input.Name);
      const arn = arnOf('ssm', `parameter${name}`);
      return [{ action: `ssm:${operation}`, resource: `secret ${name.split('/').at(-1)}`, arn }];
    }
  }
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function passOn(
  { headers, url = '/' }: IncomingMessage,
  { base, body }: { readonly base: string; readonly body: Buffer },
): Promise<Answered> {
  const target = new URL(url, base);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const forwarded = httpRequest(
      target,
      { method: 'POST', headers: { ...headers, host: target.host } },
      resolve,
    );
    forwarded.on('error', reject).end(body);
  });
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await readAll(answer) };
}

type Kms = (operation: string, input: Readonly<Record<string, unknown>>) => object;

function createKms(): Kms {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519') as {
    privateKey: KeyObject;
    publicKey: KeyObject;
  };
  const root = randomBytes(32);
  return (operation, input) => {
    switch (operation) {
      case 'GetPublicKey':
        return { PublicKey: publicKey.export(SPKI).toString('base64'), KeySpec: 'ECC_NIST_EDWARDS25519' };
      case 'Sign':
        return {
          Signature: sign(null, Buffer.from(String(input.Message), 'base64'), privateKey).toString('base64'),
        };
      case 'GenerateDataKey': {
        const plain = randomBytes(32);
        return { Plaintext: plain.toString('base64'), CiphertextBlob: seal(root, plain).toString('base64') };
      }
      default:
        return {
          Plaintext: open(root, Buffer.from(String(input.CiphertextBlob), 'base64')).toString('base64'),
        };
    }
  };
}

function seal(key: Buffer, plain: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

function open(key: Buffer, blob: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, IV_BYTES));
  decipher.setAuthTag(blob.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(blob.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
