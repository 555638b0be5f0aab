/** Stands between a function and a destination, and counts what is sent. */
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAll } from './aws-endpoint.ts';

export interface ByteMeter {
  /** An address that leads to `url`. */
  through(url: string): Promise<string>;
  /** What has been asked of all destinations so far; bytes of headers and bodies that went out. */
  sent(): Sent;
  close(): Promise<void>;
}

export interface Sent {
  readonly requests: number;
  readonly bytes: number;
}

export async function createByteMeter(): Promise<ByteMeter> {
  const servers: ReturnType<typeof createServer>[] = [];
  let sent: Sent = { requests: 0, bytes: 0 };
  return {
    async through(url) {
      const target = new URL(url);
      const server = createServer(async (request, response) => {
        const body = await readAll(request);
        const headers = request.rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
        sent = { requests: sent.requests + 1, bytes: sent.bytes + headers + body.length };
        const options = {
          method: request.method ?? 'GET',
          headers: { ...request.headers, host: target.host },
        };
        const forwarded = httpRequest(new URL(request.url ?? '/', target), options, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        forwarded.on('error', () => request.socket.destroy()).end(body);
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      return `http://127.0.0.1:${port}${target.pathname === '/' ? '' : target.pathname}`;
    },
    sent: () => sent,
    async close() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
