/** `sluice alerts list`. */
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { createAlertmanagerClient, URL_OPTION } from './alertmanager-client.ts';
import { readMatchers } from './read-matchers.ts';

interface ListedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
  };
}

export const listAlertsCommand = defineCommand({
  operands: '[MATCHER…]',
  maxOperands: Number.POSITIVE_INFINITY,
  about: 'Lists the alerts that fire: since when, who is told, and what mutes them.',
  options: {
    active: { type: 'boolean', help: 'only those that nothing mutes' },
    receiver: { type: 'string', value: 'NAME', help: 'only those that this receiver is told of (a pattern)' },
    url: URL_OPTION,
  },
  examples: ['sluice alerts list', 'sluice alerts list severity=critical --active'],
  async run({ options, positionals, json }, io) {
    readMatchers(positionals);
    const query = new URLSearchParams(positionals.map((text): [string, string] => ['filter', text]));
    if (options.active) for (const name of ['silenced', 'inhibited']) query.set(name, 'false');
    if (options.receiver !== undefined) query.set('receiver', options.receiver);
    const alerts = await createAlertmanagerClient(io, options.url).call<readonly ListedAlert[]>(
      'GET',
      `/alerts?${query}`,
    );
    if (json) io.stdout.write(`${safeJson(alerts)}\n`);
    else if (alerts.length === 0) io.stdout.write('no alert fires\n');
    else {
      io.stdout.write(
        renderTable(
          ['ALERT', 'STATE', 'SINCE', 'RECEIVERS', 'LABELS', 'SUMMARY'].map((title) => ({ title })),
          alerts.map((alert) => [
            alert.labels.alertname ?? '',
            describeState(alert),
            alert.startsAt,
            alert.receivers.map(({ name }) => name).join(', '),
            Object.entries(alert.labels)
              .filter(([name]) => name !== 'alertname')
              .map(([name, value]) => `${name}=${value}`)
              .join(' '),
            alert.annotations.summary ?? '',
          ]),
          { style: createStyle(io.stdout, io.env) },
        ),
      );
    }
    return EXIT.ok;
  },
});

function describeState({ status }: ListedAlert): string {
  if (status.silencedBy.length > 0) return 'silenced';
  return status.inhibitedBy.length > 0 ? 'inhibited' : status.state;
}
