/** A folder `config/` with a rule, an objective and a receiver that needs a secret, and the receiver itself. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAll } from './aws-endpoint.ts';

/** By which functions know the receiver. */
export const HOOK_HOST = 'hooks.example.com';
/** Parameters: the receiver's secret, and the path of the sign of life. */
export const HOOK_SECRET = 'HOOK_TOKEN';
export const ALIVE_SECRET = 'ALIVE_PATH';

/** Over the metrics of a tenant. */
const filesFor = (tenant: string): Readonly<Record<string, string>> => ({
  'sluice.yml': `rules: {tenants: [${tenant}], evaluation_interval: 1m}
dead_man: {url: 'http://${HOOK_HOST}/\${secret:${ALIVE_SECRET}}'}
`,
  'alertmanager.yml': `route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
- name: hook
  webhook_configs:
  - url: http://${HOOK_HOST}/page
    http_config: {authorization: {credentials: '\${secret:${HOOK_SECRET}}'}}
`,
  'rules/queues.yml': `groups:
- name: queues
  rules:
  - {record: 'queue:depth:max', expr: max(queue_depth)}
  - {alert: QueueTooDeep, expr: queue_depth > 100, labels: {severity: critical}}
`,
  'rules/sessions.yml': `groups:
- name: sessions
  rules:
  - {record: 'session:bytes', expr: session_bytes}
`,
  'slo/orders.yml': `version: prometheus/v1
service: orders
slos:
- name: availability
  objective: 99
  sli:
    events:
      error_query: sum(rate(orders_total{status="500"}[{{.window}}]))
      total_query: sum(rate(orders_total[{{.window}}]))
  alerting: {name: OrdersAvailability, page_alert: {}, ticket_alert: {}}
`,
});

export interface AlertingConfig {
  readonly dir: string;
  /** Without the rules and objectives, as the next deployment may have it. */
  dropRules(): void;
  remove(): void;
}

export function writeAlertingConfig(tenant: string): AlertingConfig {
  const dir = mkdtempSync(join(tmpdir(), 'alerting-config-'));
  for (const [name, text] of Object.entries(filesFor(tenant))) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const drop = (name: string): void => rmSync(join(dir, name), { recursive: true, force: true });
  return {
    dir,
    dropRules: () => ['rules', 'slo'].forEach(drop),
    remove: () => drop('.'),
  };
}

export interface Page {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Hook {
  readonly port: number;
  /** What it took. */
  readonly pages: readonly Page[];
  /** Notifications of alerts in that state. */
  pagesOf(status: 'firing' | 'resolved'): readonly Page[];
  /** While down, it answers 503. */
  setDown(isDown: boolean): void;
  close(): Promise<void>;
}

export async function startHook(): Promise<Hook> {
  const pages: Page[] = [];
  let isDown = false;
  const server = createServer(async (request, response) => {
    const body = (await readAll(request)).toString();
    if (!isDown) pages.push({ path: request.url ?? '', headers: request.headers, body });
    response.writeHead(isDown ? 503 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pages,
    pagesOf: (status) =>
      pages.filter(({ path, body }) => path === '/page' && JSON.parse(body).status === status),
    setDown: (down) => {
      isDown = down;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
