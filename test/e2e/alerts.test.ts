/** From an error burst over OTLP to the page in a webhook and back, as AI Teams' availability SLO has it. */
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataDir, ROOT, removeDataDir, runCli, startLocalProcess } from './local-process.ts';
import { eventually } from './pipeline-client.ts';
import { startWebhook } from './webhook.ts';

function makeConfig(webhookUrl: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-config-'));
  mkdirSync(join(dir, 'slo'));
  copyFileSync(join(ROOT, 'packages/packs/slo/ai-teams.yml'), join(dir, 'slo/ai-teams.yml'));
  writeFileSync(
    join(dir, 'alertmanager.yml'),
    `route: {receiver: hook, group_by: [alertname, sloth_severity], group_wait: 1s, group_interval: 1s}
receivers:
- name: hook
  webhook_configs: [{url: '${webhookUrl}'}]
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [alertname]
`,
  );
  writeFileSync(join(dir, 'sluice.yml'), 'slo: {update_interval: 1s}\nrules: {evaluation_interval: 1s}\n');
  return dir;
}

/** Requests that the gateway counted, by status. */
async function count(ingestUrl: string, requests: Readonly<Record<string, number>>): Promise<void> {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const dataPoints = Object.entries(requests).map(([status, amount]) => ({
    asInt: String(amount),
    startTimeUnixNano: String(nowNs - 1_000_000_000n),
    timeUnixNano: String(nowNs),
    attributes: [attribute('service', 'api-gateway'), attribute('status', status)],
  }));
  const metric = {
    name: 'http_requests_total',
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints },
  };
  const resource = { attributes: [attribute('service.name', 'api-gateway')] };
  const response = await fetch(`${ingestUrl}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] }),
  });
  expect(response.status).toBe(200);
}

test('an error burst pages once, mutes the warning, and resolves when it is over; the budget is spent to the event', {
  timeout: 150_000,
}, async () => {
  await using webhook = await startWebhook();
  const dataDir = makeDataDir();
  const config = makeConfig(webhook.url);
  try {
    await using local = await startLocalProcess(
      { SLUICE_TICK_SECONDS: '1', SLUICE_CONFIG_DIR: config },
      dataDir,
    );
    const told = (status: string) =>
      webhook.bodies
        .filter((body) => body.status === status)
        .map((body) => body.alerts[0]!.labels.sloth_severity);

    await count(local.ingestUrl, { 200: 900, 500: 100 });
    const page = await eventually(
      'the page',
      () => Promise.resolve(webhook.bodies.find(({ status }) => status === 'firing')),
      60_000,
    );
    expect(page).toMatchObject({ version: '4', receiver: 'hook', truncatedAlerts: 0 });
    expect(page.alerts[0]!.labels).toMatchObject({
      alertname: 'APIGatewayAvailability',
      severity: 'critical',
      sloth_severity: 'page',
      sloth_service: 'api-gateway',
    });

    // The burst drowns in good requests: 100 of 400,000 burn a quarter of what the objective allows.
    await count(local.ingestUrl, { 200: 399_000 });
    await eventually(
      'the end of the page',
      () => Promise.resolve(told('resolved').includes('page') || undefined),
      60_000,
    );
    expect(told('firing')).toEqual(['page']);
    expect(new Set(webhook.keys).size).toBe(webhook.keys.length);

    const { code, stdout } = await runCli(['slo', 'status', '--json'], { SLUICE_API_URL: local.apiUrl });
    expect(code).toBe(0);
    expect(stdout).toContain('requests-availability');
    const slos = (await (await fetch(`${local.apiUrl}/api/v1/slos`)).json()) as {
      readonly data: { readonly slos: readonly Record<string, unknown>[] };
    };
    expect(JSON.stringify(slos.data.slos)).toMatch(/"bad":100\b/);
    expect(JSON.stringify(slos.data.slos)).toMatch(/"total":400000\b/);
  } finally {
    removeDataDir(dataDir);
    removeDataDir(config);
  }
});
