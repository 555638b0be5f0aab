/**
 * A remote-write receiver for tests, over real HTTP on loopback. It takes what Prometheus and Mimir take,
 * refuses what they refuse in their words, and notes every breach of the specification that they would
 * let pass.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HEADER } from '@sluice/core/names';
import {
  decodeWriteRequestV1,
  decodeWriteRequestV2,
  findViolations,
  STALE_BITS,
  seriesText,
  type WriteRequest,
  type WrittenExemplar,
  type WrittenMetadata,
  type WrittenPoint,
} from '@sluice/metrics/testing/decode-remote-write';
import { decodeSnappyBlock } from './decode-push.ts';
import { answerFault, createHttpFaults, type HttpFaults } from './http-faults.ts';

export interface FakeMimirOptions {
  readonly authorization?: string;
  readonly isMultiTenant?: boolean;
  /**
   * `both` knows remote write 2.0; `refuses-2` answers it 415; `ignores-2` reads it as 1.0, finds no
   * series and answers 204, as Prometheus did before 2.54.
   */
  readonly speaks?: 'both' | 'refuses-2' | 'ignores-2';
  /** With one bad sample, Prometheus throws the whole request away and Mimir only the sample. */
  readonly keepsGoodSamples?: boolean;
  readonly maxBodyBytes?: number;
  readonly allowUtf8Names?: boolean;
  readonly seed?: number;
}

export interface CapturedRequest {
  readonly headers: IncomingMessage['headers'];
  readonly version: '1.0' | '2.0';
  readonly request: WriteRequest;
}

export interface FakeMimir {
  readonly url: string;
  readonly faults: HttpFaults;
  /** What is stored, by series text `name{a="b"}`, oldest first. */
  series(tenant?: string): ReadonlyMap<string, readonly WrittenPoint[]>;
  exemplars(): ReadonlyMap<string, readonly WrittenExemplar[]>;
  metadata(): ReadonlyMap<string, WrittenMetadata>;
  /** Requests that could be read, in the order they came, whatever was answered. */
  requests(): readonly CapturedRequest[];
  /** Answers by status. */
  statuses(): ReadonlyMap<number, number>;
  /** Breaches of the specification. */
  violations(): readonly string[];
  /** Answers this to the next request that would be taken, with these headers. */
  answerNext(status: number, options?: ScriptedAnswer): void;
  close(): Promise<void>;
}

export interface ScriptedAnswer {
  readonly body?: string;
  readonly retryAfter?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PATHS = new Set(['/api/v1/push', '/api/v1/write']);
const SINGLE_TENANT = 'anonymous';

export async function createFakeMimir(options: FakeMimirOptions = {}): Promise<FakeMimir> {
  const { speaks = 'both', keepsGoodSamples = false, maxBodyBytes = 100 * 1024 * 1024 } = options;
  const faults = createHttpFaults({ seed: options.seed ?? 1 });
  const tenants = new Map<string, Map<string, WrittenPoint[]>>();
  const exemplars = new Map<string, WrittenExemplar[]>();
  const metadata = new Map<string, WrittenMetadata>();
  const requests: CapturedRequest[] = [];
  const statuses = new Map<number, number>();
  const violations: string[] = [];
  const scripted: Answer[] = [];

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = faults.draw();
    if (fault !== undefined && fault !== 'reset-after') return answerFault(fault, request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = refuseRequest(request) ?? take(request, Buffer.concat(chunks));
    if (fault === 'reset-after') {
      request.socket.destroy();
      return;
    }
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    response.writeHead(answer.status, { 'content-type': 'text/plain', ...answer.headers }).end(answer.body);
  }

  function refuseRequest({ method, url, headers }: IncomingMessage): Answer | undefined {
    if (!PATHS.has(new URL(url!, 'http://localhost').pathname))
      return { status: 404, body: '404 page not found' };
    if (method !== 'POST') return { status: 405, body: 'method not allowed' };
    if (options.authorization !== undefined && headers.authorization !== options.authorization)
      return { status: 401, body: 'authentication error: invalid token' };
    if (options.isMultiTenant === true && headers[HEADER.scopeOrgId] === undefined)
      return { status: 401, body: 'no org id' };
    return undefined;
  }

  function take({ headers }: IncomingMessage, body: Buffer): Answer {
    const type = headers['content-type'] ?? '';
    const version = type.includes('io.prometheus.write.v2.Request') ? '2.0' : '1.0';
    checkHeaders(headers, version);
    if (version === '2.0' && speaks === 'refuses-2')
      return {
        status: 415,
        body: 'unsupported proto "io.prometheus.write.v2.Request", expected prometheus.WriteRequest',
      };
    if (body.length > maxBodyBytes) return { status: 413, body: 'the request is larger than the limit' };
    let request: WriteRequest;
    try {
      const raw = decodeSnappyBlock(body);
      request = version === '2.0' ? decodeWriteRequestV2(raw) : decodeWriteRequestV1(raw);
    } catch (error) {
      violations.push(`the body cannot be read: ${String(error)}`);
      return { status: 400, body: String(error) };
    }
    requests.push({ headers, version, request });
    violations.push(...findViolations(request, { version, allowUtf8Names: options.allowUtf8Names ?? false }));
    const own = scripted.shift();
    if (own !== undefined) return own;
    if (version === '2.0' && speaks === 'ignores-2') return { status: 204 };
    return store(request, { tenant: String(headers[HEADER.scopeOrgId] ?? SINGLE_TENANT), version });
  }

  function checkHeaders(headers: IncomingMessage['headers'], version: '1.0' | '2.0'): void {
    const expected = {
      'content-type':
        version === '2.0'
          ? 'application/x-protobuf;proto=io.prometheus.write.v2.Request'
          : 'application/x-protobuf',
      'content-encoding': 'snappy',
      [HEADER.remoteWriteVersion]: version === '2.0' ? '2.0.0' : '0.1.0',
    };
    for (const [name, value] of Object.entries(expected)) {
      if (headers[name] !== value) violations.push(`header ${name} is ${headers[name]}, not ${value}`);
    }
    if (!/^[\w.-]+\/[\w.-]+/.test(headers[HEADER.userAgent] ?? '')) violations.push('no user agent');
  }

  function store(
    { series, metadata: described }: WriteRequest,
    { tenant, version }: { readonly tenant: string; readonly version: '1.0' | '2.0' },
  ): Answer {
    const stored = tenants.get(tenant) ?? new Map<string, WrittenPoint[]>();
    tenants.set(tenant, stored);
    const additions: (() => void)[] = [];
    const faultsFound: string[] = [];
    const written = { samples: 0, histograms: 0, exemplars: 0 };
    const newest = new Map<string, WrittenPoint>();
    for (const { labels, points, exemplars: own, metadata: meta } of series) {
      const text = seriesText(labels);
      for (const point of points) {
        const last = newest.get(text) ?? stored.get(text)?.at(-1);
        if (last !== undefined && point.timeMs < last.timeMs)
          faultsFound.push(`out of order sample: ${text}`);
        else if (last !== undefined && point.timeMs === last.timeMs) {
          if (!sameValue(point, last)) faultsFound.push(`duplicate sample for timestamp: ${text}`);
        } else {
          newest.set(text, point);
          additions.push(() => void (stored.get(text) ?? put(stored, text)).push(point));
        }
        if (point.native === undefined) written.samples += 1;
        else written.histograms += 1;
      }
      additions.push(() => void (exemplars.get(text) ?? put(exemplars, text)).push(...own));
      written.exemplars += own.length;
      if (meta !== undefined) metadata.set(labels.find(([name]) => name === '__name__')![1], meta);
    }
    for (const [name, meta] of described) metadata.set(name, meta);
    if (faultsFound.length === 0 || keepsGoodSamples) for (const add of additions) add();
    if (faultsFound.length > 0) return { status: 400, body: faultsFound[0]! };
    const counted = {
      [HEADER.samplesWritten]: String(written.samples),
      [HEADER.histogramsWritten]: String(written.histograms),
      [HEADER.exemplarsWritten]: String(written.exemplars),
    };
    return { status: 204, ...(version === '2.0' ? { headers: counted } : {}) };
  }

  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    series: (tenant = SINGLE_TENANT) => tenants.get(tenant) ?? new Map(),
    exemplars: () => exemplars,
    metadata: () => metadata,
    requests: () => requests,
    statuses: () => statuses,
    violations: () => violations,
    answerNext(status, { body = '', retryAfter, headers = {} } = {}) {
      const wait = retryAfter === undefined ? {} : { [HEADER.retryAfter]: retryAfter };
      scripted.push({ status, body, headers: { ...headers, ...wait } });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What `increase` over everything that is stored would answer, were it not extrapolated. */
export function increaseOf(points: readonly WrittenPoint[]): number {
  let total = 0;
  let last: number | undefined;
  for (const { value, bits } of points) {
    if (bits === STALE_BITS) continue;
    if (last !== undefined) total += value >= last ? value - last : value;
    last = value;
  }
  return total;
}

function sameValue(a: WrittenPoint, b: WrittenPoint): boolean {
  if (a.native === undefined || b.native === undefined) return a.native === b.native && a.bits === b.bits;
  return a.native.count === b.native.count && Object.is(a.native.sum, b.native.sum);
}

function put<T>(map: Map<string, T[]>, key: string): T[] {
  const made: T[] = [];
  map.set(key, made);
  return made;
}
