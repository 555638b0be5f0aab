/** An HTTP server on a free loopback port that keeps what it is sent and answers as a test wants. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface KeptRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined when the body is no JSON. */
  readonly json: unknown;
  /** Common name of the client's certificate; undefined without one. */
  readonly client?: string;
}

export interface ServerAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Cuts the connection. */
  readonly reset?: true;
  /** Never answers. */
  readonly hang?: true;
}

export interface AnsweringServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly KeptRequest[];
  /** What the next requests are answered; 200 with an empty body when there is nothing. */
  readonly answers: ServerAnswer[];
}

/** `usual` is the body of answers that no test has set; with `tls` the server speaks https. */
export async function startAnsweringServer(
  usual: (path: string) => string = () => '',
  { tls }: { readonly tls?: ServerOptions } = {},
): Promise<AnsweringServer> {
  const requests: KeptRequest[] = [];
  const answers: ServerAnswer[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { method = '', url: path = '', headers } = request;
      const client = (request.socket as Partial<TLSSocket>).getPeerCertificate?.().subject?.CN?.toString();
      requests.push({
        method,
        path,
        headers,
        text,
        json: parsed(text),
        ...(client !== undefined && { client }),
      });
      const answer = answers.shift() ?? {};
      if (answer.hang) return;
      if (answer.reset) request.socket.destroy();
      else response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? usual(path));
    });
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
