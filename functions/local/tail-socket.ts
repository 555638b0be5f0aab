/** The WebSocket end of Loki's tail: frames go out as fast as the reader takes them, and no faster. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { describeError } from '@sluice/core/errors';
import type { Logger } from '@sluice/core/logger';
import { type FrameSource, openTailUpgrade, type TailUpgradeOptions } from '@sluice/query/loki/tail-upgrade';
import { type WebSocket, WebSocketServer } from 'ws';

export interface TailSocketOptions extends TailUpgradeOptions {
  readonly logger: Logger;
}

export interface TailSocket {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): Promise<void>;
}

/** Readers of a tail have nothing to say. */
const MAX_INCOMING_BYTES = 1024;
/** A connection that does not answer so long is gone. */
const PING_INTERVAL_MS = 30_000;
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

export function createTailSocket({ logger, ...options }: TailSocketOptions): TailSocket {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_INCOMING_BYTES });
  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const opened = await openTailUpgrade(toRequest(request), options);
    if (opened.status === 'refused') return refuse(socket, opened.httpStatus, opened.message);
    const { tail } = opened;
    // Gone before it was upgraded.
    socket.once('close', tail.close);
    server.handleUpgrade(request, socket, head, (webSocket) => void serve(webSocket, tail, logger));
  };
  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      accept(request, socket, head).catch((error: unknown) => {
        logger.error('a tail could not be opened', { error: describeError(error) });
        refuse(socket, 500, 'the tail could not be opened; the log of the pipeline has the cause');
      });
    },
    async close() {
      options.tails.closeAll();
      for (const client of server.clients) client.close(GOING_AWAY, 'the pipeline stops');
      // A reader that does not answer the close is cut off.
      await Promise.race([allGone(server), new Promise((resolve) => setTimeout(resolve, 200))]);
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

async function allGone({ clients }: WebSocketServer): Promise<void> {
  await Promise.all([...clients].map((client) => new Promise((resolve) => client.once('close', resolve))));
}

async function serve(webSocket: WebSocket, tail: FrameSource, logger: Logger): Promise<void> {
  let isAlive = true;
  const pings = setInterval(() => {
    if (!isAlive) return webSocket.terminate();
    isAlive = false;
    webSocket.ping();
  }, PING_INTERVAL_MS).unref();
  webSocket.on('pong', () => {
    isAlive = true;
  });
  webSocket.on('error', () => webSocket.terminate());
  webSocket.on('close', () => {
    clearInterval(pings);
    tail.close();
  });
  try {
    for (;;) {
      const frame = await tail.next();
      if (frame === undefined) return webSocket.close(GOING_AWAY, 'the tail has ended');
      // Resolves when the kernel has taken it: until then the tail keeps what it may, and counts the rest.
      await new Promise<void>((resolve) => webSocket.send(frame, () => resolve()));
    }
  } catch (error) {
    logger.warn('a tail failed', { error: describeError(error) });
    tail.close();
    webSocket.close(INTERNAL_ERROR, 'the tail failed');
  }
}

function toRequest({ url = '/', headers }: IncomingMessage): Request {
  const plain = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  return new Request(new URL(url, `http://${headers.host ?? 'localhost'}`), { headers: plain });
}

function refuse(socket: Duplex, httpStatus: number, message: string): void {
  const body = `${message}\n`;
  socket.end(
    `HTTP/1.1 ${httpStatus} Refused\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
