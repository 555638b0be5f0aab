/** The endpoint under test: how a case reaches it, over node:http for requests and over bare sockets for what no client would send. */
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import * as tls from 'node:tls';
import type { Signal } from '@sluice/core/names';
import { type ParsedAnswer, parseAnswers } from './parse-answers.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface SendOptions {
  readonly method?: string;
  /** Default `/v1/traces`. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Several pieces go out chunked, without a content-length. */
  readonly body?: Uint8Array | string | readonly Uint8Array[];
  /** Between the pieces. */
  readonly pauseMs?: number;
  /** `false` leaves the key out, which every other request carries. */
  readonly withKey?: boolean;
}

export interface Target {
  readonly url: URL;
  readonly key?: string;
  /** Found out before the first case: whether a sound request without a key is refused. */
  readonly keyed: boolean;
  readonly maxWireBytes: number;
  readonly maxInflatedBytes: number;
  send(options: SendOptions): Promise<Answer>;
  /** Bytes as they are on one connection; answers what came back until `answers` arrived or the connection ended. */
  exchange(pieces: readonly (string | Uint8Array)[], options: ExchangeOptions): Promise<Exchange>;
  close(): void;
}

export interface ExchangeOptions {
  readonly answers: number;
  readonly pauseMs?: number;
  /** Close our side (`end`) or break the connection (`reset`) once all is written. */
  readonly close?: 'end' | 'reset';
}

export interface Exchange {
  readonly answers: readonly ParsedAnswer[];
  readonly closed: boolean;
}

export interface TargetOptions {
  readonly key?: string;
  readonly maxWireBytes?: number;
  readonly maxInflatedBytes?: number;
}

const TIMEOUT_MS = 20_000;
const MIB = 1024 * 1024;

export function pathOf(signal: Signal): string {
  return `/v1/${signal}`;
}

/** @throws Error when the endpoint cannot be reached, or demands a key and none is given. */
export async function openTarget(url: URL, options: TargetOptions = {}): Promise<Target> {
  const { key, maxWireBytes = 4 * MIB, maxInflatedBytes = 64 * MIB } = options;
  const secure = url.protocol === 'https:';
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: 64 });
  const keyHeader: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const base = url.pathname.replace(/\/$/, '');

  const send = async (one: SendOptions): Promise<Answer> => {
    const { method = 'POST', path = '/v1/traces', headers = {}, withKey = true } = one;
    const request = (secure ? https : http).request({
      agent,
      method,
      host: url.hostname,
      port: url.port || (secure ? 443 : 80),
      path: base + path,
      headers: { ...(withKey ? keyHeader : {}), ...headers },
      timeout: TIMEOUT_MS,
    });
    return receive(request, () => writeBody(request, one));
  };
  const exchange = (
    pieces: readonly (string | Uint8Array)[],
    exchangeOptions: ExchangeOptions,
  ): Promise<Exchange> => {
    const port = Number(url.port || (secure ? 443 : 80));
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = secure ? tls.connect({ port, host, servername: host }) : net.connect({ port, host });
    return converse(socket, pieces, exchangeOptions);
  };
  const probe = await send({ headers: { 'content-type': 'application/x-protobuf' }, withKey: false });
  const keyed = probe.status === 401 || probe.status === 403;
  if (keyed && key === undefined) {
    agent.destroy();
    throw new Error(`${url.href} demands a key (it answered ${probe.status} without one): give --key KEY`);
  }
  return {
    url,
    ...(key === undefined ? {} : { key }),
    keyed,
    maxWireBytes,
    maxInflatedBytes,
    send,
    exchange,
    close: () => agent.destroy(),
  };
}

/** The header lines that a request written by hand needs. */
export function rawHead(
  target: Target,
  headers: Readonly<Record<string, string>>,
  path = '/v1/traces',
): string {
  const base = target.url.pathname.replace(/\/$/, '');
  const all = {
    host: target.url.host,
    ...(target.key === undefined ? {} : { authorization: `Bearer ${target.key}` }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `POST ${base}${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

function receive(request: http.ClientRequest, write: () => Promise<void>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    // A server may answer and close before it has read the body: the answer counts, not the broken pipe.
    request.on('error', (error) => answered || reject(error));
    request.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers as Answer['headers'],
          body: Buffer.concat(chunks),
        }),
      );
    });
    write().catch((error) => answered || reject(error));
  });
}

async function writeBody(request: http.ClientRequest, { body, pauseMs = 0 }: SendOptions): Promise<void> {
  if (!Array.isArray(body)) {
    request.end(body);
    return;
  }
  for (const piece of body as readonly Uint8Array[]) {
    if (request.destroyed) return;
    await new Promise<void>((resolve) => request.write(piece, () => resolve()));
    if (pauseMs > 0) await sleep(pauseMs);
  }
  request.end();
}

function converse(
  socket: net.Socket,
  pieces: readonly (string | Uint8Array)[],
  { answers: wanted, pauseMs = 0, close }: ExchangeOptions,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answers: parseAnswers(Buffer.concat(chunks)), closed });
    };
    const timer = setTimeout(() => finish(false), TIMEOUT_MS);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (wanted > 0 && parseAnswers(Buffer.concat(chunks)).length >= wanted) finish(false);
    });
    socket.on('close', () => finish(true));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') reject(error);
    });
    const write = async (): Promise<void> => {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        await new Promise<void>((done) => socket.write(piece, () => done()));
        if (pauseMs > 0) await sleep(pauseMs);
      }
      if (close === 'end') socket.end();
      if (close === 'reset') {
        socket.resetAndDestroy();
        finish(true);
      }
    };
    socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', () => void write());
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
