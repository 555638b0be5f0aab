/** A real HTTP server on a free loopback port that keeps the OTLP requests it gets and can answer as told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { SIGNALS, type Signal } from '@sluice/core/names';

export interface CapturedRequest {
  readonly signal: Signal;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Inflated. */
  readonly body: Uint8Array;
}

export interface OtlpCapture extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly CapturedRequest[];
  bodiesOf(signal: Signal): readonly Uint8Array[];
}

export async function startOtlpCapture(status: () => number = () => 200): Promise<OtlpCapture> {
  const requests: CapturedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const signal = SIGNALS.find((known) => request.url === `/v1/${known}`);
      const bytes = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      const code = signal === undefined ? 404 : status();
      if (signal !== undefined && code === 200) requests.push({ signal, headers: request.headers, body });
      response.writeHead(code, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    bodiesOf: (signal) => requests.filter((request) => request.signal === signal).map(({ body }) => body),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
