/** One HTTP server of the local process. Why it cannot listen is told with the setting to change. */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { type AnswerOptions, answerNoHttp, answerUnreadable, type ToErrorBody } from './answer-no-request.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Name of the setting that says so, for messages. */
  readonly portSetting: string;
  /** Takes over connections that ask for another protocol; without it they are closed. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** The JSON body of an answer to what never gets as far as `fetch`; default `{"error": message}`. */
  readonly toErrorBody?: ToErrorBody;
  /** Told, once each, of what the one who runs this has to know: clients that speak another protocol, faults. */
  readonly warn?: (message: string) => void;
}

export interface Listener {
  readonly url: string;
  /** Takes no new request, waits up to `drainMs` for those under way, then cuts them off. */
  close(drainMs: number): Promise<void>;
}

const IDLE_POLL_MS = 20;
const SERVER_LIMITS = {
  /** Who is slower than this with a request's head, or with all of it, is answered 408 and cut off. */
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  /**
   * Node's 5 s are also the pause of SDKs between two exports (OTel SDK, OTEL_BSP_SCHEDULE_DELAY): a batch that
   * meets the end of its connection is lost by clients that do not try again.
   */
  keepAliveTimeout: 75_000,
};

/** Of requests that have none, as HTTP/1.0 allows. */
const DEFAULT_HOST = 'localhost';

const MAX_TOLD = 100;

type Fetch = Parameters<typeof getRequestListener>[0];

/** @throws UsageError */
export async function listen(fetch: Fetch, options: ListenOptions): Promise<Listener> {
  const told = new Set<string>();
  const answerOptions: AnswerOptions = {
    toErrorBody: options.toErrorBody ?? ((_, error) => ({ error })),
    warn(message) {
      if (told.has(message) || told.size > MAX_TOLD) return;
      told.add(message);
      options.warn?.(message);
    },
  };
  const listener = getRequestListener(fetch, {
    hostname: DEFAULT_HOST,
    errorHandler: (error) => answerUnreadable(error, answerOptions),
  });
  const server = createServer(SERVER_LIMITS, listener);
  server.on('clientError', (error, socket) => answerNoHttp(error, socket, answerOptions));
  if (options.upgrade !== undefined) server.on('upgrade', options.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toUsageError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  let closed: Promise<void> | undefined;
  const close = async (drainMs: number): Promise<void> => {
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    // A client that keeps its connection busy would hold up the end: each gets one last answer.
    server.prependListener('request', (_request, response) => {
      response.shouldKeepAlive = false;
    });
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_POLL_MS);
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    await done;
    clearInterval(idle);
    clearTimeout(cut);
  };
  return {
    url: `http://${host}:${port}`,
    close(drainMs) {
      closed ??= close(drainMs);
      return closed;
    },
  };
}

function toUsageError(error: NodeJS.ErrnoException, { host, port, portSetting }: ListenOptions): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new UsageError(
        `port ${port} on ${host} is in use by another program: stop that, or set ${portSetting} to a free port`,
        { cause: error },
      );
    case 'EACCES':
      return new UsageError(
        `port ${port} may not be opened by this user: set ${portSetting} to a port above 1023`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new UsageError(`${host} is not an address of this machine: set ${ENV.host} to one that is`, {
        cause: error,
      });
    default:
      return error;
  }
}
