/**
 * Stands between clients and the pipeline, notes what the pipeline took, and loses some of its answers:
 * the client then sends again what has been counted already.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Random } from '@sluice/core/testing/random';

export interface LossyProxy extends AsyncDisposable {
  readonly url: string;
  /** Bodies that were answered 200, inflated, each as often as it was taken. */
  readonly taken: readonly Uint8Array[];
  lostAnswers(): number;
}

export async function createLossyProxy({
  target,
  random,
  loss,
}: {
  readonly target: string;
  readonly random: Random;
  /** Probability that an answer is lost. */
  readonly loss: number;
}): Promise<LossyProxy> {
  const taken: Uint8Array[] = [];
  let lost = 0;
  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers = Object.fromEntries(
      ['content-type', 'content-encoding'].flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
    const answer = await fetch(`${target}${request.url}`, { method: 'POST', headers, body });
    if (answer.status === 200)
      taken.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
    if (random.chance(loss)) {
      lost += 1;
      response.writeHead(503, { 'retry-after': '0' }).end();
      return;
    }
    response
      .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      .end(Buffer.from(await answer.arrayBuffer()));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    taken,
    lostAnswers: () => lost,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
