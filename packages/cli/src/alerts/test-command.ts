/** `sluice alerts test`. */
import { createGuardedFetch } from '@sluice/alerting/http/guarded-fetch';
import { redact } from '@sluice/alerting/http/redact';
import type { LabelSet } from '@sluice/alerting/model/label-set';
import { fingerprint } from '@sluice/alerting/model/label-set';
import type { Notification, SendOutcome } from '@sluice/alerting/receivers/receiver';
import { readLocalSettings } from '@sluice/core/local-settings';
import { ENV } from '@sluice/core/names';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { apiUrlOf } from '../pipeline-urls.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { CONFIG_DIR_OPTION, loadSetup } from './load-setup.ts';
import { readLabels } from './read-matchers.ts';

export const testAlertsCommand = defineCommand({
  operands: 'RECEIVER [LABEL=VALUE…]',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Sends a test notification to every integration of a receiver of alertmanager.yml, past all routing, and
says what each answered. With --dry-run nothing is sent: it shows what would be.`,
  options: {
    'config-dir': CONFIG_DIR_OPTION,
    'dry-run': { type: 'boolean', help: 'show what would be sent' },
    resolved: { type: 'boolean', help: 'the notification that the alert is over' },
    summary: { type: 'string', value: 'TEXT', help: 'annotation of the alert' },
  },
  examples: [
    'sluice alerts test team-slack --dry-run',
    'sluice alerts test team-pager severity=critical service=checkout --resolved',
  ],
  async run({ options, positionals, json }, io) {
    const [name = '', ...labelTexts] = positionals;
    const isDryRun = options['dry-run'];
    const requests: SentRequest[] = [];
    const { allowPrivateReceivers: allowPrivate } = readLocalSettings({
      [ENV.host]: io.env[ENV.host],
      [ENV.allowPrivateReceivers]: io.env[ENV.allowPrivateReceivers],
    });
    const fetch = isDryRun ? recordRequests(requests) : createGuardedFetch({ allowPrivate });
    const { config, integrationOf } = await loadSetup(options['config-dir'], io, { fetch });
    const receiver = config.receivers.get(name);
    if (receiver === undefined) {
      const known = [...config.receivers.keys()].join(', ');
      throw new CommandLineError(`there is no receiver ${JSON.stringify(name)}; there are ${known}`);
    }
    const notification = toNotification(
      name,
      { labels: readLabels(labelTexts), isResolved: options.resolved, summary: options.summary },
      io,
    );
    const results: Result[] = [];
    for (const { kind, index } of receiver.integrations) {
      const integration = integrationOf({ receiver: name, kind: kind.name, index });
      if (integration === undefined) continue;
      requests.length = 0;
      const preview = isDryRun ? await integration.preview?.(notification) : undefined;
      const outcome: SendOutcome =
        preview === undefined
          ? await integration.send(notification, { signal: io.signal })
          : { status: 'ok' };
      results.push({
        integration: `${kind.name}[${index}]`,
        ...outcome,
        ...(isDryRun ? { wouldSend: preview ?? [...requests] } : {}),
      });
    }
    report(results, { json, io });
    return results.every(({ status }) => status === 'ok') ? EXIT.ok : EXIT.failure;
  },
});

interface SentRequest {
  readonly method: string;
  /** Without the path, which may hold a secret. */
  readonly to: string;
  readonly body: unknown;
}

interface Result {
  readonly integration: string;
  readonly status: SendOutcome['status'];
  readonly reason?: string;
  readonly wouldSend?: unknown;
}

/** Answers what every receiver takes for success. */
function recordRequests(requests: SentRequest[]): typeof globalThis.fetch {
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const text = String(init?.body ?? '');
    requests.push({ method: init?.method ?? 'GET', to: redact(url, []), body: parsed(text) });
    return Promise.resolve(new Response('{"ok":true}', { status: 200 }));
  };
}

/** Keys of PagerDuty's events: whoever has one can page. */
const SECRET_FIELD = /^(routing|service)_key$/;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (key, value) => (SECRET_FIELD.test(key) ? '<secret>' : value));
  } catch {
    return text;
  }
}

function toNotification(
  receiver: string,
  given: { readonly labels: LabelSet; readonly isResolved: boolean; readonly summary: string | undefined },
  { clock, env }: Pick<Io, 'clock' | 'env'>,
): Notification {
  const labels = { alertname: 'TestAlert', severity: 'info', ...given.labels };
  const annotations = { summary: given.summary ?? 'A test notification: nothing is wrong' };
  const nowMs = clock.nowMs();
  const status = given.isResolved ? 'resolved' : 'firing';
  const groupLabels = { alertname: labels.alertname };
  return {
    receiver,
    groupKey: `{}:{alertname=${JSON.stringify(labels.alertname)}}`,
    groupLabels,
    commonLabels: labels,
    commonAnnotations: annotations,
    externalUrl: `${apiUrlOf(env)}/alertmanager`,
    status,
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAtMs: nowMs - 60_000,
        endsAtMs: given.isResolved ? nowMs : 0,
        generatorUrl: '',
        fingerprint: fingerprint(labels),
      },
    ],
    sequence: 1,
    idempotencyKey: `test#${receiver}#${nowMs}`,
    nowMs,
  };
}

function report(results: readonly Result[], { json, io }: { readonly json: boolean; readonly io: Io }): void {
  if (json) {
    io.stdout.write(`${safeJson(results)}\n`);
    return;
  }
  const style = createStyle(io.stdout, io.env);
  if (results.length === 0) io.stdout.write('the receiver has no integrations: it tells nobody\n');
  for (const { integration, status, reason, wouldSend } of results) {
    const shown = status === 'ok' ? style.green('ok') : style.red(status);
    const said = reason === undefined ? '' : `  ${safeText(reason)}`;
    io.stdout.write(`${safeText(integration)}  ${wouldSend === undefined ? shown : 'would send'}${said}\n`);
    if (wouldSend !== undefined) io.stdout.write(`${safeJson(wouldSend)}\n`);
  }
}
