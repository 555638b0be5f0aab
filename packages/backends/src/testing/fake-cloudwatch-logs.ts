/**
 * A CloudWatch Logs for tests, over real HTTP on loopback in the protocol of the real one (AWS JSON 1.1,
 * signed requests). It enforces the documented limits, keeps what it is sent twice, as the real one does, and
 * can be made to fail.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as reads from './cloudwatch-reads.ts';
import {
  type CloudWatchState,
  type RunQuery,
  ServiceError,
  type StoredEvent,
  type StoredGroup,
  type StoredQueryDefinition,
} from './cloudwatch-state.ts';
import * as writes from './cloudwatch-writes.ts';
import { answerFault, createHttpFaults, type HttpFaults } from './http-faults.ts';

export interface FakeCloudWatchLogsOptions {
  /** Default: the system chooses. */
  readonly port?: number;
  readonly nowMs?: () => number;
  /** Evaluates Insights queries; by default every query lists the events of its groups and times. */
  readonly runQuery?: RunQuery;
  readonly seed?: number;
}

export interface FakeCloudWatchLogs {
  readonly url: string;
  readonly faults: HttpFaults;
  /** The next calls of the operation fail with these errors, in order. */
  failNext(operation: string, ...errors: readonly FakeServiceFault[]): void;
  groups(): readonly StoredGroup[];
  /** Of one group, by stream and in the order of arrival. */
  events(group: string): readonly (StoredEvent & { readonly stream: string })[];
  queryDefinitions(): readonly StoredQueryDefinition[];
  /** Calls by operation. */
  calls(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface FakeServiceFault {
  readonly name: string;
  readonly message?: string;
  readonly status?: number;
  /** More members of the error, e.g. `expectedSequenceToken`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

type Operation = (state: CloudWatchState, input: Readonly<Record<string, unknown>>) => object;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateLogGroup: writes.createLogGroup,
  CreateLogStream: writes.createLogStream,
  PutLogEvents: writes.putLogEvents,
  PutRetentionPolicy: writes.putRetentionPolicy,
  PutQueryDefinition: writes.putQueryDefinition,
  PutIndexPolicy: writes.putIndexPolicy,
  DescribeLogGroups: reads.describeLogGroups,
  DescribeLogStreams: reads.describeLogStreams,
  DescribeIndexPolicies: reads.describeIndexPolicies,
  DescribeQueryDefinitions: reads.describeQueryDefinitions,
  GetLogEvents: reads.getLogEvents,
  FilterLogEvents: reads.filterLogEvents,
  StartQuery: reads.startQuery,
  GetQueryResults: reads.getQueryResults,
  StopQuery: reads.stopQuery,
};
const TARGET_PREFIX = 'Logs_20140328.';

export async function startFakeCloudWatchLogs({
  port = 0,
  nowMs = Date.now,
  runQuery = reads.listEvents,
  seed = 1,
}: FakeCloudWatchLogsOptions = {}): Promise<FakeCloudWatchLogs> {
  const state: CloudWatchState = {
    groups: new Map(),
    definitions: new Map(),
    queries: new Map(),
    nowMs,
    runQuery,
  };
  const faults = createHttpFaults({ seed });
  const scripted = new Map<string, FakeServiceFault[]>();
  const calls = new Map<string, number>();

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: ownPort } = server.address() as AddressInfo;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = faults.draw();
    if (fault !== undefined && fault !== 'reset-after') return answerFault(fault, request, response);
    const body = await readAll(request);
    let status = 200;
    let answer: object;
    try {
      answer = run(request, body);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      status = error.status;
      const { cause } = error;
      answer = { __type: error.name, message: error.message, ...(cause as object | undefined) };
    }
    if (fault === 'reset-after') request.socket.destroy();
    else
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(answer));
  }

  function run(request: IncomingMessage, body: string): object {
    const { headers, method } = request;
    const target = String(headers['x-amz-target'] ?? '');
    const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : '';
    const operation = OPERATIONS[name];
    if (method !== 'POST' || operation === undefined)
      throw new ServiceError('UnknownOperationException', target);
    if (!/^AWS4-HMAC-SHA256 Credential=.+\/logs\/aws4_request/.test(headers.authorization ?? '')) {
      throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
    }
    calls.set(name, (calls.get(name) ?? 0) + 1);
    const failure = scripted.get(name)?.shift();
    if (failure !== undefined) {
      const error = new ServiceError(failure.name, failure.message ?? failure.name, failure.status ?? 400);
      error.cause = failure.fields;
      throw error;
    }
    return operation(state, parseBody(body));
  }

  return {
    url: `http://127.0.0.1:${ownPort}`,
    faults,
    failNext(operation, ...errors) {
      scripted.set(operation, [...(scripted.get(operation) ?? []), ...errors]);
    },
    groups: () => [...state.groups.values()],
    events: (group) =>
      [...(state.groups.get(group)?.streams.values() ?? [])].flatMap(({ name, events }) =>
        events.map((event) => ({ ...event, stream: name })),
      ),
    queryDefinitions: () => [...state.definitions.values()],
    calls: () => Object.fromEntries(calls),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function parseBody(body: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw new ServiceError('SerializationException', 'the body is not JSON');
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
