/**
 * What Debian's Alertmanager sends to the services, and what Sluice sends there for the same configuration and alerts:
 * the same requests, field by field and character by character, default templates among them.
 */
import { setTimeout } from 'node:timers/promises';
import { loadAlertingSetup } from '@sluice/alerting/config/alerting-setup';
import { createGuardedFetch } from '@sluice/alerting/http/guarded-fetch';
import { openAlertingState, postAlerts } from '@sluice/alerting/notify/alerting-state';
import { decodeJob } from '@sluice/alerting/notify/notify-job';
import { runRouteTick } from '@sluice/alerting/notify/route-tick';
import { runNotifyJob } from '@sluice/alerting/notify/run-notify-job';
import { type KeptRequest, startAnsweringServer } from '@sluice/alerting/testing/answering-server';
import { startMailServer } from '@sluice/alerting/testing/mail-server';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { expect, test } from 'vitest';
import { sortKeys } from './alertmanager/sort-keys.ts';
import { startAlertmanager } from './alertmanager/start-alertmanager.ts';

const EXTERNAL_URL = 'http://alerts.test/alertmanager';
/** Everything that a text can show. */
const EVERYTHING = `{{ .Receiver }} {{ .Status }} {{ .ExternalURL }} {{ len .Alerts.Firing }}/{{ len .Alerts.Resolved }}
{{ range .Alerts }}{{ .Status }} {{ .Labels.SortedPairs.Names | join "," }} {{ .Labels.Values | join "," }} {{ .Fingerprint }} {{ .GeneratorURL }} {{ .StartsAt.Format "2006-01-02T15:04:05Z07:00" }} {{ .EndsAt.IsZero }}
{{ range .Annotations.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}{{ end }}
{{ .CommonLabels.SortedPairs }} {{ .CommonAnnotations }} {{ .GroupLabels.Names }} {{ (.CommonLabels.Remove .GroupLabels.Names).Values }}
{{ .CommonLabels.severity | toUpper | title }} {{ reReplaceAll "a(.)" "<$1>" .CommonLabels.service }} {{ match "^p" .CommonLabels.service }} {{ stringSlice "x" "y" | join "+" }}
{{ with .CommonAnnotations.none }}never{{ else }}else{{ end }} {{ printf "%q %5.2f %v" "a\\"b" 1.5 true }} {{ "trim me " | printf "[%s]" }} {{ safeHtml "<b>" }}`;

const configOf = (url: string, mailPort: number): string =>
  JSON.stringify({
    global: { smtp_require_tls: false },
    route: { receiver: 'all "of" them', group_by: ['alertname'], group_wait: '4s', group_interval: '2s' },
    receivers: [
      {
        name: 'all "of" them',
        webhook_configs: [{ url: `${url}/webhook` }, { url: `${url}/webhook-short`, max_alerts: 1 }],
        slack_configs: [
          { api_url: `${url}/slack-default`, send_resolved: true },
          {
            api_url: `${url}/slack`,
            send_resolved: true,
            channel: '#{{ .CommonLabels.service }}',
            username: 'u',
            title: EVERYTHING,
            text: EVERYTHING,
            pretext: 'pre',
            footer: 'foot',
            color: '{{ .Status }}',
            link_names: true,
            icon_emoji: ':x:',
            short_fields: true,
            fields: [
              { title: 'a', value: '{{ .Status }}' },
              { title: 'b', value: 'x', short: false },
            ],
            actions: [{ type: 'button', text: '{{ .Status }}', url: 'http://x/{{ .Receiver | safeHtml }}' }],
          },
          { api_url: `${url}/slack-long`, send_resolved: true, title: 'ü'.repeat(2_000) },
        ],
        pagerduty_configs: [
          { routing_key: 'k', url: `${url}/pagerduty-default` },
          {
            routing_key: 'k',
            url: `${url}/pagerduty`,
            description: EVERYTHING,
            severity: '{{ .CommonLabels.severity }}',
            class: 'c',
            component: 'co',
            group: 'g',
            details: { own: EVERYTHING, num_firing: 'n' },
            images: [{ src: 's', alt: 'a', href: 'h' }],
            links: [{ href: 'h', text: '{{ .Status }}' }],
          },
        ],
        opsgenie_configs: [
          { api_key: 'k', api_url: `${url}/opsgenie-default` },
          {
            api_key: 'k',
            api_url: `${url}/opsgenie`,
            message: 'm'.repeat(200),
            description: EVERYTHING,
            tags: 'a, b,{{ .Status }}',
            note: 'n',
            priority: 'P2',
            entity: 'e',
            actions: 'x,y',
            details: { own: '{{ .Status }}' },
            responders: [
              { name: 'n', type: 'team' },
              { username: '{{ .Status }}', type: 'user' },
            ],
            update_alerts: true,
          },
        ],
        telegram_configs: [
          { bot_token: 't:default', api_url: url, chat_id: -5 },
          {
            bot_token: 't:plain',
            api_url: url,
            chat_id: 5,
            message: EVERYTHING,
            parse_mode: '',
            disable_notifications: true,
          },
          { bot_token: 't:html', api_url: url, chat_id: 5, message: EVERYTHING },
        ],
        email_configs: [
          {
            to: 'to@x.test',
            from: 'from@x.test',
            smarthost: `127.0.0.1:${mailPort}`,
            send_resolved: true,
            html: '<p>{{ .CommonAnnotations.summary }}</p>',
            text: EVERYTHING,
            headers: { 'X-Own': '{{ .Status }}' },
          },
        ],
      },
    ],
  });

const ALERTS = [
  { alertname: 'Down', service: 'payments', severity: 'critical', instance: '1', job: 'b' },
  { alertname: 'Down', service: 'payments', severity: 'critical', instance: '2', job: 'a', extra: '<&">' },
];
const annotationsOf = (instance: string) => ({ summary: 'it\'s "down" <b>', only: instance });

function answerOf(path: string): string {
  return path.includes('/sendMessage')
    ? '{"ok":true,"result":{"message_id":1,"chat":{"id":5},"date":1}}'
    : 'ok';
}

test('every receiver is sent the same', async () => {
  // Later than the start by less than group_wait: both alerts are in the first flush.
  const startsAtMs = Math.floor(Date.now() / 1_000) * 1_000;
  const endsAtMs = startsAtMs + 1_000;
  await using theirMail = await startMailServer({ isPlain: true });
  await using theirs = await startAnsweringServer(answerOf);
  {
    await using alertmanager = await startAlertmanager(configOf(theirs.url, theirMail.port), [
      `--web.external-url=${EXTERNAL_URL}`,
      '--web.route-prefix=/',
    ]);
    const post = async (resolved: readonly string[]): Promise<void> => {
      const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          ALERTS.map((labels) => ({
            labels,
            annotations: annotationsOf(labels.instance),
            generatorURL: 'http://prometheus.test/graph?a=b&c=d',
            startsAt: new Date(startsAtMs).toISOString(),
            ...(resolved.includes(labels.instance) ? { endsAt: new Date(endsAtMs).toISOString() } : {}),
          })),
        ),
      });
      expect(answer.status).toBe(200);
    };
    for (const resolved of [[], ['2'], ['1', '2']]) {
      const before = theirs.requests.filter(({ path }) => path === '/webhook').length;
      await post(resolved);
      for (let tries = 0; tries < 60; tries++) {
        if (theirs.requests.filter(({ path }) => path === '/webhook').length > before) break;
        await setTimeout(100);
      }
      await setTimeout(700);
    }
    expect(alertmanager.log()).not.toMatch(/level=error|will retry/);
  }

  await using ourMail = await startMailServer({ isPlain: true });
  await using ours = await startAnsweringServer(answerOf);
  await tellByUs(configOf(ours.url, ourMail.port), { startsAtMs, endsAtMs });

  const canonical = (requests: readonly KeptRequest[], base: string): readonly string[] =>
    requests
      .map(({ method, path, json, text }) => {
        // Their Telegram library sends a form's values as texts.
        const body = path.includes('/sendMessage') ? toTexts(json) : json;
        return `${method} ${path} ${JSON.stringify(sortKeys(body ?? text)).replaceAll(base, 'URL')}`;
      })
      .sort();
  const [left, right] = [canonical(ours.requests, ours.url), canonical(theirs.requests, theirs.url)];
  expect(left.filter((request) => !right.includes(request))).toEqual(
    right.filter((request) => !left.includes(request)),
  );
  expect(left).toHaveLength(right.length);
  expect(theirs.requests.length).toBeGreaterThanOrEqual(3 * 12);
  expect(ourMail.mails.map(({ text }) => mailContent(text))).toEqual(
    theirMail.mails.map(({ text }) => mailContent(text)),
  );
});

async function tellByUs(
  source: string,
  { startsAtMs, endsAtMs }: { readonly startsAtMs: number; readonly endsAtMs: number },
): Promise<void> {
  const clock = createFakeClock(startsAtMs + 2_000);
  const database = createMemoryDatabase();
  const state = openAlertingState(createEmbeddedTable({ database, name: 'alerting', clock }), 'default');
  const queue = createEmbeddedQueue({ database, name: 'notifications', clock, maxReceiveCount: 100 });
  const { setup, problems } = loadAlertingSetup(
    source,
    { read: () => undefined, glob: () => [] },
    {
      references: { env: {}, secrets: new Map() },
      fetch: createGuardedFetch({ allowPrivate: true }),
      random: () => 0.5,
    },
  );
  if (setup === undefined) throw new Error(JSON.stringify(problems));
  const { config, integrationOf } = setup;
  for (const resolved of [[], ['2'], ['1', '2']]) {
    await postAlerts(
      state,
      ALERTS.map((labels) => ({
        labels,
        annotations: annotationsOf(labels.instance),
        generatorUrl: 'http://prometheus.test/graph?a=b&c=d',
        startsAtMs,
        ...(resolved.includes(labels.instance) ? { endsAtMs } : {}),
      })),
      { nowMs: clock.nowMs(), resolveTimeoutMs: config.resolveTimeoutMs },
    );
    await clock.advance(4_500);
    await runRouteTick({ state, config, queue, nowMs: clock.nowMs() });
    for (;;) {
      const messages = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 30_000, waitMs: 0 });
      if (messages.length === 0) break;
      for (const { body, receiptHandle } of messages) {
        const job = decodeJob(body);
        const result = await runNotifyJob(job, 1, {
          state,
          config,
          integrationOf,
          externalUrl: EXTERNAL_URL,
          nowMs: clock.nowMs,
          signal: new AbortController().signal,
        });
        expect([job.kind, job.index, result]).toEqual([job.kind, job.index, { status: 'delivered' }]);
        await queue.delete([receiptHandle]);
      }
    }
  }
}

/** A flag that is off is as good as one that is not there. */
function toTexts(json: unknown): unknown {
  return Object.fromEntries(
    Object.entries(json as object)
      .filter(([, value]) => value !== '' && value !== false && value !== 'false')
      .map(([key, value]) => [key, String(value)]),
  );
}

/** What people see of a mail: some headers, and the decoded parts. */
function mailContent(mail: string): unknown {
  const header = (name: string): string | undefined =>
    new RegExp(`^${name}: (.*)$`, 'im').exec(mail)?.[1]?.trim();
  const boundary = /boundary="?([^"\r\n;]+)/i.exec(mail)?.[1] ?? '';
  const parts = mail
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const [head = '', ...body] = part.trimStart().split('\r\n\r\n');
      const text = body.join('\r\n\r\n');
      const decoded = /quoted-printable/i.test(head)
        ? Buffer.from(
            text
              .replaceAll('=\r\n', '')
              .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
                String.fromCharCode(Number.parseInt(hex, 16)),
              ),
            'latin1',
          ).toString()
        : text;
      return { type: /text\/(\w+)/.exec(head)?.[1], text: decoded.replaceAll('\r\n', '\n').trim() };
    });
  return { to: header('to'), from: header('from'), subject: header('subject'), own: header('x-own'), parts };
}
