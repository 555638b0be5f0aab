/** A webhook on a free loopback port that writes down what it is told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebhookBody {
  readonly receiver: string;
  readonly status: string;
  readonly groupKey: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly version: string;
  readonly truncatedAlerts: number;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly fingerprint: string;
    readonly generatorURL: string;
  }[];
}

export interface ReceivedHook {
  readonly path: string;
  readonly atMs: number;
  readonly body: WebhookBody;
}

export interface HookServer extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedHook[];
}

export async function startHookServer(): Promise<HookServer> {
  const received: ReceivedHook[] = [];
  const server = createServer((request, response) => {
    const atMs = Date.now();
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      received.push({ path: request.url!, atMs, body: JSON.parse(text) as WebhookBody });
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
