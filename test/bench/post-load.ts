/**
 * A load generator for OTLP over HTTP: raw keep-alive sockets and bodies that are made beforehand, so
 * that the machine's time goes to the server.
 */
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';

export interface LoadReport {
  readonly requests: number;
  readonly spans: number;
  /** Answers other than 200, by status. */
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly requests: number;
  readonly spansPerRequest: number;
  readonly connections: number;
  /** Requests of different seeds share no span. */
  readonly firstSeed: number;
}

/** Sends every request once, as fast as the answers come, and reports when all are answered. */
export async function postLoad(options: LoadOptions): Promise<LoadReport> {
  const { requests, spansPerRequest, connections, firstSeed } = options;
  const { hostname, port } = new URL(options.url);
  const bodies = Array.from({ length: requests }, (_, index) =>
    toHttpRequest(
      hostname,
      gzipSync(makeTraceRequest({ spans: spansPerRequest, seed: firstSeed + index, nowMs: Date.now() })),
    ),
  );
  const refused: Record<string, number> = {};
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const exchange = await openExchange(hostname, Number(port));
      while (next < bodies.length) {
        const status = await exchange.send(bodies[next++]!);
        if (status !== 200) refused[status] = (refused[status] ?? 0) + 1;
      }
      exchange.close();
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { requests, spans: requests * spansPerRequest, refused, seconds, cpuSeconds: (user + system) / 1e6 };
}

function toHttpRequest(host: string, gzip: Uint8Array): Buffer {
  const head = [
    'POST /v1/traces HTTP/1.1',
    `host: ${host}`,
    'content-type: application/x-protobuf',
    'content-encoding: gzip',
    `content-length: ${gzip.length}`,
    '\r\n',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), gzip]);
}

interface Exchange {
  /** One request at a time; answers the status. */
  send(request: Buffer): Promise<number>;
  close(): void;
}

async function openExchange(host: string, port: number): Promise<Exchange> {
  const socket: Socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let received = '';
  let settle: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const status = statusOfWhole(received);
    if (status === undefined) return;
    received = '';
    settle?.resolve(status);
  });
  socket.on('close', () => settle?.reject(new Error('the server closed the connection')));
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(request);
      }),
    close() {
      settle = undefined;
      socket.destroy();
    },
  };
}

/** The status once head and body are there. */
function statusOfWhole(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const isChunked = /transfer-encoding: *chunked/i.test(head);
  const isWhole = isChunked ? text.endsWith('0\r\n\r\n') : text.length >= headEnd + 4 + length;
  return isWhole ? Number(head.slice(9, 12)) : undefined;
}
