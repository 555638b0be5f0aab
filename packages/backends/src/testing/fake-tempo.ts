/**
 * A Tempo for tests, over real HTTP on loopback. It refuses what the real one refuses (path, method,
 * credentials, types, sizes, rates, malformed spans), in the real one's words, and remembers what it took.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { HEADER } from '@sluice/core/names';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import type { Span } from '@sluice/otlp/model';
import { encodeExportResponse, encodeStatus, STATUS_CODE } from '@sluice/otlp/responses';
import { validateRequest } from '@sluice/otlp/validate';
import { answerFault, createHttpFaults, type HttpFaults } from './http-faults.ts';

export interface FakeTempoOptions {
  /** Required value of the Authorization header; none asks for none. */
  readonly authorization?: string;
  /** A multi-tenant Tempo refuses requests without X-Scope-OrgID. */
  readonly isMultiTenant?: boolean;
  /** After inflating, as the receiver's `max_request_body_size` counts. Default 20 MiB. */
  readonly maxBodyBytes?: number;
  /** `max_bytes_per_trace`. Default 5,000,000. */
  readonly maxBytesPerTrace?: number;
  /** `max_traces_per_user`. Default 10,000. */
  readonly maxLiveTraces?: number;
  /** `ingestion_burst_size_bytes`: a batch above it can never pass. Default 20,000,000. */
  readonly burstBytes?: number;
  /** Stops after the first gzip member, as some readers do. */
  readonly readsOneMember?: boolean;
  /** Spans that are refused one by one, in a partial success. */
  readonly rejectSpan?: (span: Span) => boolean;
  readonly seed?: number;
}

export interface FakeTempo {
  readonly url: string;
  /** May be changed while it runs, as an operator changes overrides. */
  readonly limits: { maxBytesPerTrace: number };
  readonly faults: HttpFaults;
  /** Different spans that were taken, of all tenants or one. */
  spans(tenant?: string): readonly Span[];
  /** Copies of spans that were taken already. */
  duplicates(): number;
  /** Pushes, refused ones included. */
  requests(): number;
  /** Statuses that were answered. */
  statuses(): ReadonlyMap<number, number>;
  close(): Promise<void>;
}

/** What a request without X-Scope-OrgID is filed under, as in Tempo's own logs. */
const SINGLE_TENANT = 'single-tenant';

interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

export async function createFakeTempo(options: FakeTempoOptions = {}): Promise<FakeTempo> {
  const {
    maxBodyBytes = 20 * 1024 * 1024,
    maxLiveTraces = 10_000,
    burstBytes = 20_000_000,
    rejectSpan = () => false,
  } = options;
  const limits = { maxBytesPerTrace: options.maxBytesPerTrace ?? 5_000_000 };
  const faults = createHttpFaults({ seed: options.seed ?? 1 });
  /** By tenant, trace id and span id. */
  const taken = new Map<string, Map<string, Map<string, Span>>>();
  const traceBytes = new Map<string, number>();
  const statuses = new Map<number, number>();
  let duplicates = 0;
  let requests = 0;

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url!, 'http://localhost').pathname;
    if (path.startsWith('/api/traces/')) return lookUp(path.slice('/api/traces/'.length), response);
    if (path !== '/v1/traces') return plain(response, 404, '404 page not found');
    requests++;
    const fault = faults.draw();
    if (fault !== undefined && fault !== 'reset-after') return answerFault(fault, request, response);
    const body = await readAll(request);
    const answer = refuseHeaders(request) ?? take(request, body);
    if (fault === 'reset-after') request.socket.destroy();
    else if (answer instanceof Uint8Array) send(response, 200, answer);
    else refuse(response, answer);
  }

  function refuseHeaders({ method, headers }: IncomingMessage): Refusal | undefined {
    const refusal = (status: number, code: number, message: string) => ({ status, code, message });
    if (method !== 'POST') return refusal(405, STATUS_CODE.unimplemented, '405 method not allowed');
    if (options.authorization !== undefined && headers.authorization !== options.authorization) {
      return refusal(401, STATUS_CODE.unauthenticated, 'invalid authentication credentials');
    }
    if (options.isMultiTenant === true && headers[HEADER.scopeOrgId] === undefined) {
      return refusal(401, STATUS_CODE.unauthenticated, 'no org id');
    }
    if (headers['content-type'] !== 'application/x-protobuf') {
      return refusal(
        415,
        STATUS_CODE.invalidArgument,
        '415 unsupported media type, supported: [application/json, application/x-protobuf]',
      );
    }
    if (!['gzip', undefined].includes(headers['content-encoding'])) {
      return refusal(
        400,
        STATUS_CODE.invalidArgument,
        `unsupported Content-Encoding: ${headers['content-encoding']}`,
      );
    }
    return undefined;
  }

  /** Stores what can be stored; the answer to it, or why not. */
  function take(request: IncomingMessage, body: Buffer): Refusal | Uint8Array {
    const raw = inflate(body, request.headers['content-encoding'] === 'gzip');
    if (raw === undefined)
      return { status: 400, code: STATUS_CODE.invalidArgument, message: 'gzip: invalid header' };
    if (raw.length > maxBodyBytes) {
      return { status: 400, code: STATUS_CODE.invalidArgument, message: 'http: request body too large' };
    }
    const tenant = String(request.headers[HEADER.scopeOrgId] ?? SINGLE_TENANT);
    if (raw.length > burstBytes) {
      return {
        status: 429,
        code: STATUS_CODE.resourceExhausted,
        message: `RATE_LIMITED: batch size (${raw.length} bytes) exceeds ingestion limit (local: ${burstBytes} bytes/s, global: 0 bytes/s, burst: ${burstBytes} bytes) while adding ${raw.length} bytes for user ${tenant}. consider reducing batch size or increasing rate limit.`,
      };
    }
    const validation = validateRequest('traces', raw, { nowMs: Date.now() });
    if (validation.status !== 'ok' || validation.rejected > 0) {
      const message = validation.status === 'ok' ? validation.rejections[0]!.example : validation.message;
      return { status: 400, code: STATUS_CODE.invalidArgument, message };
    }
    return store(raw, tenant);
  }

  function store(raw: Uint8Array, tenant: string): Refusal | Uint8Array {
    const traces = taken.get(tenant) ?? new Map<string, Map<string, Span>>();
    taken.set(tenant, traces);
    const bySize = sizesByTrace(raw);
    let rejected = 0;
    let refusal: Refusal | undefined;
    for (const { scopes } of decodeTraces(raw)) {
      for (const span of scopes.flatMap(({ spans }) => spans)) {
        const size = (traceBytes.get(`${tenant}/${span.traceId}`) ?? 0) + bySize.get(span.traceId)!;
        if (!traces.has(span.traceId) && traces.size >= maxLiveTraces) {
          refusal = {
            status: 429,
            code: STATUS_CODE.resourceExhausted,
            message: `LIVE_TRACES_EXCEEDED: max live traces exceeded for tenant ${tenant}: per-user traces limit (local: ${maxLiveTraces} global: 0 actual local: ${maxLiveTraces}) exceeded`,
          };
        } else if (size > limits.maxBytesPerTrace) {
          refusal = {
            status: 400,
            code: STATUS_CODE.failedPrecondition,
            message: `TRACE_TOO_LARGE: max size of trace (${limits.maxBytesPerTrace}) exceeded while adding ${bySize.get(span.traceId)} bytes to trace ${span.traceId} for tenant ${tenant}`,
          };
        } else if (rejectSpan(span)) rejected++;
        else keep(traces, span);
      }
    }
    for (const [traceId, size] of bySize) {
      if (traces.has(traceId))
        traceBytes.set(`${tenant}/${traceId}`, (traceBytes.get(`${tenant}/${traceId}`) ?? 0) + size);
    }
    if (refusal !== undefined) return refusal;
    const partial = { rejected, message: rejected === 0 ? '' : 'spans refused' };
    return encodeExportResponse('traces', 'protobuf', partial);
  }

  function keep(traces: Map<string, Map<string, Span>>, span: Span): void {
    const spans = traces.get(span.traceId) ?? new Map<string, Span>();
    traces.set(span.traceId, spans);
    if (spans.has(span.spanId)) duplicates++;
    spans.set(span.spanId, span);
  }

  function lookUp(traceId: string, response: ServerResponse): void {
    const spans = [...taken.values()].flatMap((traces) => [...(traces.get(traceId)?.values() ?? [])]);
    if (spans.length === 0) plain(response, 404, 'trace not found');
    else plain(response, 200, JSON.stringify({ spanIds: spans.map(({ spanId }) => spanId) }));
  }

  function inflate(body: Buffer, isGzip: boolean): Uint8Array | undefined {
    if (!isGzip) return body;
    try {
      return options.readsOneMember === true ? firstMember(body) : gunzipSync(body);
    } catch {
      return undefined;
    }
  }

  function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
    send(response, status, encodeStatus('protobuf', { code, message }));
  }

  function send(response: ServerResponse, status: number, body: Uint8Array): void {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end(body);
  }

  function plain(response: ServerResponse, status: number, body: string): void {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    limits,
    faults,
    spans(tenant) {
      const tenants = tenant === undefined ? [...taken.values()] : [taken.get(tenant) ?? new Map()];
      return tenants.flatMap((traces) => [...traces.values()].flatMap((spans) => [...spans.values()]));
    },
    duplicates: () => duplicates,
    requests: () => requests,
    statuses: () => statuses,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Bytes of each trace, near enough: the request's, by its share of the spans. */
function sizesByTrace(raw: Uint8Array): ReadonlyMap<string, number> {
  const spans = decodeTraces(raw).flatMap(({ scopes }) => scopes.flatMap((scope) => scope.spans));
  const sizes = new Map<string, number>();
  const share = Math.ceil(raw.length / Math.max(1, spans.length));
  for (const { traceId } of spans) sizes.set(traceId, (sizes.get(traceId) ?? 0) + share);
  return sizes;
}

/** Cuts at the first place where a second member can start and the bytes before it are a whole one. */
function firstMember(body: Buffer): Uint8Array {
  for (let end = 18; end < body.length; end++) {
    if (body[end] !== 0x1f || body[end + 1] !== 0x8b || body[end + 2] !== 8) continue;
    try {
      return gunzipSync(body.subarray(0, end));
    } catch {
      // These bytes only looked like the start of the next member.
    }
  }
  return gunzipSync(body);
}
