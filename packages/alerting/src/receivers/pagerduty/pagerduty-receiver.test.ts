import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnsweringServer, startAnsweringServer } from '../../testing/answering-server.ts';
import { loadIntegration, makeIntegration } from '../../testing/make-integration.ts';
import { makeNotification, makeNotified } from '../../testing/notifications.ts';

let server: AnsweringServer;
beforeEach(async () => {
  server = await startAnsweringServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const signal = new AbortController().signal;
const make = (settings: object = {}) =>
  makeIntegration('pagerduty_configs', { routing_key: 'r0uting-key', url: server.url, ...settings });
const dedupKey = createHash('sha256').update('{}:{alertname="Down"}').digest('hex');
const resolved = () => makeNotification([makeNotified({ alertname: 'Down' }, { isResolved: true })]);

describe('events of version 2', () => {
  test('trigger with the default texts, and resolve under the same key', async () => {
    server.answers.push({ status: 202 }, { status: 202 });
    expect(await make().send(makeNotification(), { signal })).toEqual({ status: 'ok' });
    expect(await make().send(resolved(), { signal })).toEqual({ status: 'ok' });
    const list = (instance: string) =>
      `Labels:\n - alertname = Down\n - instance = ${instance}\n - service = api\n - severity = critical\nAnnotations:\n - summary = Down is wrong\nSource: http://prometheus.test/graph?g0.expr=up\n`;
    expect(server.requests[0]!.json).toEqual({
      routing_key: 'r0uting-key',
      event_action: 'trigger',
      dedup_key: dedupKey,
      client: 'Alertmanager',
      client_url: 'http://sluice.test/alertmanager/#/alerts?receiver=team+%22x%22',
      payload: {
        summary: '[FIRING:1] Down (api critical)',
        source: 'Alertmanager',
        severity: 'error',
        custom_details: { firing: list('1'), resolved: list('2'), num_firing: '1', num_resolved: '1' },
      },
    });
    expect(server.requests[1]!.json).toMatchObject({ event_action: 'resolve', dedup_key: dedupKey });
  });

  test('have what the configuration says; an empty image or link is left out', async () => {
    await make({
      severity: '{{ .CommonLabels.severity }}',
      class: 'c',
      component: 'co',
      group: 'g',
      source: 'here',
      description: 'about {{ .GroupLabels.alertname }}',
      details: { runbook: 'http://run/{{ .GroupLabels.alertname }}', num_firing: 'many' },
      images: [
        { src: 'http://i/{{ .Status }}', alt: 'a', href: 'h' },
        { src: '', alt: 'none' },
      ],
      links: [{ href: 'http://l', text: 'l' }, { text: 'nowhere' }],
    }).send(makeNotification(), { signal });
    expect(server.requests[0]!.json).toMatchObject({
      images: [{ src: 'http://i/firing', alt: 'a', href: 'h' }],
      links: [{ href: 'http://l', text: 'l' }],
      payload: {
        summary: 'about Down',
        severity: 'critical',
        class: 'c',
        component: 'co',
        group: 'g',
        source: 'here',
        custom_details: { runbook: 'http://run/Down', num_firing: 'many', num_resolved: '1' },
      },
    });
    expect((server.requests[0]!.json as { images: unknown[] }).images).toHaveLength(1);
    expect((server.requests[0]!.json as { links: unknown[] }).links).toHaveLength(1);
  });

  test('have a summary of at most 1024 characters', async () => {
    await make({ description: 'x'.repeat(3_000) }).send(makeNotification(), { signal });
    const { payload } = server.requests[0]!.json as { payload: { summary: string } };
    expect(payload.summary).toBe(`${'x'.repeat(1_023)}…`);
  });

  test('beyond 512 kB lose their details and nothing else', async () => {
    await make({ details: { huge: 'x'.repeat(600_000) } }).send(makeNotification(), { signal });
    const { text, json } = server.requests[0]!;
    expect(text.length).toBeLessThan(512_000);
    expect(json).toMatchObject({
      dedup_key: dedupKey,
      payload: { custom_details: { error: expect.stringContaining('512 kB') } },
    });
  });
});

test('events of version 1 go out for a service key', async () => {
  const service = { service_key: 'service-k', routing_key: undefined };
  await make(service).send(makeNotification(), { signal });
  await make(service).send(resolved(), { signal });
  expect(server.requests[0]!.json).toMatchObject({
    service_key: 'service-k',
    event_type: 'trigger',
    incident_key: dedupKey,
    description: '[FIRING:1] Down (api critical)',
    client: 'Alertmanager',
    details: { num_firing: '1' },
  });
  expect(server.requests[1]!.json).toMatchObject({ event_type: 'resolve', incident_key: dedupKey });
  expect(server.requests[1]!.json).not.toHaveProperty('client');
});

test.each([
  [{}, { status: 202 }, 'ok'],
  [{}, { status: 400, body: '{"status":"invalid event"}' }, 'permanent'],
  [{}, { status: 403 }, 'permanent'],
  [{}, { status: 429 }, 'retryable'],
  [{}, { status: 500 }, 'retryable'],
  [{ service_key: 's', routing_key: undefined }, { status: 403 }, 'retryable'],
] as const)('with %j the answer %j means %s', async (settings, answer, status) => {
  server.answers.push(answer);
  expect((await make(settings).send(makeNotification(), { signal })).status).toBe(status);
});

test('the key does not come back in a reason', async () => {
  server.answers.push({ status: 400, body: 'unknown key r0uting-key' });
  const outcome = await make().send(makeNotification(), { signal });
  expect(outcome).toEqual({ status: 'permanent', reason: 'status 400: unknown key <redacted>' });
});

test.each([
  [{}, 'missing service or routing key in PagerDuty config'],
  [{ routing_key: 'a', service_key: 'b' }, 'at most one of routing_key and service_key must be configured'],
  [{ routing_key: 'a', routing_key_file: 'f' }, 'at most one of routing_key and routing_key_file'],
  [{ routing_key: 'a', foo: 1 }, 'unknown key "foo"'],
])('%j is refused: %s', (settings, message) => {
  expect(loadIntegration('pagerduty_configs', settings).problems.join()).toContain(message);
});
