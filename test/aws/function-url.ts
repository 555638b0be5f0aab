/** A Function URL: HTTP in, an event of payload version 2.0 to the function, its answer out; bodies in base64. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAll } from './aws-endpoint.ts';
import type { LambdaFunction } from './lambda-host.ts';

export interface FunctionUrl {
  readonly url: string;
  close(): Promise<void>;
}

interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export async function startFunctionUrl(fn: LambdaFunction): Promise<FunctionUrl> {
  const server = createServer(async (request, response) => {
    const body = await readAll(request);
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const event = {
      version: '2.0',
      routeKey: '$default',
      rawPath: pathname,
      rawQueryString: search.slice(1),
      headers,
      requestContext: {
        http: { method: request.method, path: pathname, sourceIp: '127.0.0.1' },
        domainName: request.headers.host,
      },
      body: body.toString('base64'),
      isBase64Encoded: true,
    };
    try {
      const result = (await fn.invoke(event)) as HttpResult;
      response.writeHead(result.statusCode, result.headers);
      response.end(Buffer.from(result.body ?? '', result.isBase64Encoded === true ? 'base64' : 'utf8'));
    } catch (error) {
      const tooLarge = error instanceof Error && error.message.startsWith('413');
      response.writeHead(tooLarge ? 413 : 502).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
