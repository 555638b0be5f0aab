/**
 * A Loki for tests, over real HTTP on loopback. It refuses what the real one refuses by default (labels,
 * line sizes, times, structured metadata, rates, credentials), in the real one's words, takes the good
 * entries of a push with bad ones, and keeps one of two entries with equal time and line.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HEADER } from '@sluice/core/names';
import { decodePushRequest, decodeSnappyBlock, type PushedEntry, type PushedStream } from './decode-push.ts';
import { answerFault, createHttpFaults, type HttpFaults } from './http-faults.ts';

export interface FakeLokiOptions {
  readonly authorization?: string;
  readonly isMultiTenant?: boolean;
  readonly nowMs?: () => number;
  /** reject_old_samples_max_age; 7 days. */
  readonly maxAgeMs?: number;
  /** creation_grace_period; 10 minutes. */
  readonly maxAheadMs?: number;
  /** Half of max_chunk_age: so far behind its newest entry a stream takes one; 1 hour. */
  readonly maxBehindMs?: number;
  /** max_line_size; 256 KB. */
  readonly maxLineBytes?: number;
  /** ingestion_rate_mb, as the bytes that one push may have. */
  readonly rateBytes?: number;
  readonly maxBodyBytes?: number;
  readonly seed?: number;
}

export interface FakeLoki {
  readonly url: string;
  /** May be changed while it runs, as an operator changes overrides. */
  readonly limits: { maxAgeMs: number };
  readonly faults: HttpFaults;
  /** What was taken, of all tenants or one, in the order of times. */
  entries(tenant?: string): readonly (PushedEntry & { readonly labels: string })[];
  /** Entries that were equal in time and line to one taken before. */
  duplicates(): number;
  requests(): number;
  statuses(): ReadonlyMap<number, number>;
  /** Bodies as they came, decompressed. */
  bodies(): readonly Uint8Array[];
  close(): Promise<void>;
}

const LIMITS = {
  labels: 15,
  nameChars: 1024,
  valueBytes: 2048,
  metadataEntries: 128,
  metadataBytes: 65_536,
} as const;
const MAX_RETURNED_ERRORS = 10;
const SINGLE_TENANT = 'fake';

interface Refusal {
  readonly status: number;
  readonly message: string;
}
interface LiveStream {
  newestNs: bigint;
  readonly entries: Map<string, PushedEntry>;
}

export async function createFakeLoki(options: FakeLokiOptions = {}): Promise<FakeLoki> {
  const {
    nowMs = Date.now,
    maxAheadMs = 600_000,
    maxBehindMs = 3_600_000,
    maxLineBytes = 262_144,
    rateBytes = 4_194_304,
    maxBodyBytes = 104_857_600,
  } = options;
  const limits = { maxAgeMs: options.maxAgeMs ?? 7 * 24 * 3_600_000 };
  const faults = createHttpFaults({ seed: options.seed ?? 1 });
  const tenants = new Map<string, Map<string, LiveStream>>();
  const statuses = new Map<number, number>();
  const bodies: Uint8Array[] = [];
  let duplicates = 0;
  let requests = 0;

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== '/loki/api/v1/push')
      return send(response, { status: 404, message: '404 page not found' });
    requests += 1;
    const fault = faults.draw();
    if (fault !== undefined && fault !== 'reset-after') return answerFault(fault, request, response);
    const body = await readAll(request);
    const refusal = refuseHeaders(request) ?? take(request, body);
    if (fault === 'reset-after') request.socket.destroy();
    else send(response, refusal ?? { status: 204, message: '' });
  }

  function refuseHeaders({ method, headers }: IncomingMessage): Refusal | undefined {
    if (method !== 'POST') return { status: 405, message: 'method not allowed' };
    if (options.authorization !== undefined && headers.authorization !== options.authorization) {
      return { status: 401, message: 'invalid authentication credentials' };
    }
    if (options.isMultiTenant === true && headers[HEADER.scopeOrgId] === undefined) {
      return { status: 401, message: 'no org id' };
    }
    if (headers['content-type'] !== 'application/x-protobuf') {
      return { status: 415, message: `unsupported content type: ${headers['content-type']}` };
    }
    const encoding = headers['content-encoding'] ?? 'snappy';
    return encoding === 'snappy'
      ? undefined
      : { status: 400, message: `Content-Encoding ${encoding} not supported` };
  }

  function take(request: IncomingMessage, body: Buffer): Refusal | undefined {
    if (body.length > maxBodyBytes) return { status: 413, message: `http: request body too large` };
    let streams: readonly PushedStream[];
    try {
      const raw = decodeSnappyBlock(body);
      bodies.push(raw);
      streams = decodePushRequest(raw);
    } catch (error) {
      return { status: 400, message: `error decoding push request: ${(error as Error).message}` };
    }
    const tenant = String(request.headers[HEADER.scopeOrgId] ?? SINGLE_TENANT);
    const lines = streams.flatMap(({ entries }) => entries);
    if (lines.length === 0) return { status: 422, message: 'no streams or entries in push request' };
    const bytes = lines.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0);
    if (bytes > rateBytes) {
      return {
        status: 429,
        message: `ingestion rate limit exceeded for user ${tenant} (limit: ${rateBytes} bytes/sec) while attempting to ingest '${lines.length}' lines totaling '${bytes}' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased`,
      };
    }
    const live = tenants.get(tenant) ?? new Map<string, LiveStream>();
    tenants.set(tenant, live);
    let refusal: Refusal | undefined;
    for (const stream of streams) refusal = takeStream(live, stream, tenant) ?? refusal;
    return refusal;
  }

  function takeStream(
    live: Map<string, LiveStream>,
    { labels, entries }: PushedStream,
    tenant: string,
  ): Refusal | undefined {
    const refused = refuseLabels(labels);
    if (refused !== undefined) return { status: 400, message: refused };
    let refusal: Refusal | undefined;
    const valid = entries.filter((entry) => {
      const why = refuseEntry(entry, labels);
      if (why !== undefined) refusal = { status: 400, message: why };
      return why === undefined;
    });
    const stream = live.get(labels) ?? { newestNs: 0n, entries: new Map<string, PushedEntry>() };
    live.set(labels, stream);
    const behind: string[] = [];
    for (const entry of valid) {
      const cutoffNs = stream.newestNs - BigInt(maxBehindMs) * 1_000_000n;
      if (entry.timeNs < cutoffNs) {
        behind.push(
          `entry with timestamp ${goTime(entry.timeNs)} ignored, reason: 'entry too far behind, entry timestamp is: ${rfc3339(entry.timeNs)}, oldest acceptable timestamp is: ${rfc3339(cutoffNs)}',\n`,
        );
        continue;
      }
      const key = `${entry.timeNs} ${entry.line}`;
      if (stream.entries.has(key)) duplicates += 1;
      stream.entries.set(key, entry);
      if (entry.timeNs > stream.newestNs) stream.newestNs = entry.timeNs;
    }
    if (behind.length === 0) return refusal;
    const named = behind.slice(0, MAX_RETURNED_ERRORS).join('');
    return {
      status: 400,
      message: `${named}user '${tenant}', total ignored: ${behind.length} out of ${entries.length} for stream: ${labels}`,
    };
  }

  function refuseEntry(
    { timeNs, line, structuredMetadata }: PushedEntry,
    labels: string,
  ): string | undefined {
    const timeMs = Number(timeNs / 1_000_000n);
    if (timeMs < nowMs() - limits.maxAgeMs) {
      return `entry for stream '${labels}' has timestamp too old: ${rfc3339(timeNs)}, oldest acceptable timestamp is: ${rfc3339(BigInt(Math.floor(nowMs() - limits.maxAgeMs)) * 1_000_000n)}`;
    }
    if (timeMs > nowMs() + maxAheadMs)
      return `entry for stream '${labels}' has timestamp too new: ${rfc3339(timeNs)}`;
    const size = Buffer.byteLength(line);
    if (size > maxLineBytes) {
      return `Max entry size '${maxLineBytes}' bytes exceeded for stream '${labels}' while adding an entry with length '${size}' bytes`;
    }
    const metadataBytes = structuredMetadata.reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
      0,
    );
    if (metadataBytes > LIMITS.metadataBytes) {
      return `stream '${labels}' has structured metadata too large: '${metadataBytes}' bytes, limit: '${LIMITS.metadataBytes}' bytes. Please see limits_config.max_structured_metadata_size or contact your Loki administrator to increase it.`;
    }
    if (structuredMetadata.length > LIMITS.metadataEntries) {
      return `stream '${labels}' has too many structured metadata labels: '${structuredMetadata.length}', limit: '${LIMITS.metadataEntries}'.`;
    }
    return undefined;
  }

  function send(response: ServerResponse, { status, message }: Refusal): void {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    response
      .writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
      .end(message === '' ? '' : `${message}\n`);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    limits,
    faults,
    entries(tenant) {
      const chosen =
        tenant === undefined ? [...tenants.values()] : [tenants.get(tenant) ?? new Map<string, LiveStream>()];
      return chosen
        .flatMap((streams) =>
          [...streams].flatMap(([labels, { entries }]) =>
            [...entries.values()].map((entry) => ({ ...entry, labels })),
          ),
        )
        .sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
    },
    duplicates: () => duplicates,
    requests: () => requests,
    statuses: () => statuses,
    bodies: () => bodies,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const PAIR = /\s*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*/y;

/** `{a="1", b="2"}` with the limits of limits_config. */
function refuseLabels(text: string): string | undefined {
  const invalid = `Error parsing labels '${text}' with error: parse error`;
  if (!text.startsWith('{') || !text.endsWith('}')) return invalid;
  const names: string[] = [];
  PAIR.lastIndex = 1;
  while (PAIR.lastIndex < text.length - 1) {
    const match = PAIR.exec(text);
    if (match === null) return invalid;
    const [, name = '', value = ''] = match;
    if (names.includes(name)) return `stream '${text}' has duplicate label name: '${name}'`;
    if (name.length > LIMITS.nameChars) return `stream '${text}' has label name too long: '${name}'`;
    if (Buffer.byteLength(value) > LIMITS.valueBytes)
      return `stream '${text}' has label value too long: '${value}'`;
    names.push(name);
    if (text[PAIR.lastIndex] === ',') PAIR.lastIndex += 1;
    else if (PAIR.lastIndex !== text.length - 1) return invalid;
  }
  if (names.length === 0) return 'error at least one label pair is required per stream';
  if (names.length > LIMITS.labels)
    return `entry for stream '${text}' has ${names.length} label names; limit ${LIMITS.labels}`;
  return undefined;
}

function rfc3339(timeNs: bigint): string {
  return `${new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19)}Z`;
}

/** As Go prints a time. */
function goTime(timeNs: bigint): string {
  const [date, time] = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19).split('T');
  const fraction = String(timeNs % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${date} ${time}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
