/** Receives notifications as a webhook of Alertmanager's does, and keeps them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebhookBody {
  readonly version: string;
  readonly status: string;
  readonly receiver: string;
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

export interface Webhook extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly bodies: readonly WebhookBody[];
  /** Idempotency keys, one a request. */
  readonly keys: readonly string[];
}

export async function startWebhook(): Promise<Webhook> {
  const bodies: WebhookBody[] = [];
  const keys: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as WebhookBody);
      keys.push(String(request.headers['idempotency-key']));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/hook`,
    bodies,
    keys,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
