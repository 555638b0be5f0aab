/** `sluice silence list`. */
import { formatMatchers } from '@sluice/alerting/match/matcher';
import { type SilenceMatcher, toLabelMatcher } from '@sluice/alerting/mute/silence';
import { createAlertmanagerClient, URL_OPTION } from '../alerts/alertmanager-client.ts';
import { readMatchers } from '../alerts/read-matchers.ts';
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';

interface ListedSilence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

export const listSilencesCommand = defineCommand({
  operands: '[MATCHER…]',
  maxOperands: Number.POSITIVE_INFINITY,
  about: 'Lists the silences that are or will be in force, the next to end first.',
  options: {
    expired: { type: 'boolean', help: 'those that have ended as well' },
    url: URL_OPTION,
  },
  examples: ['sluice silence list', 'sluice silence list service=checkout --expired'],
  async run({ options, positionals, json }, io) {
    readMatchers(positionals);
    const query = new URLSearchParams(positionals.map((text): [string, string] => ['filter', text]));
    const all = await createAlertmanagerClient(io, options.url).call<readonly ListedSilence[]>(
      'GET',
      `/silences?${query}`,
    );
    const silences = options.expired ? all : all.filter(({ status }) => status.state !== 'expired');
    if (json) io.stdout.write(`${safeJson(silences)}\n`);
    else if (silences.length === 0) io.stdout.write('there are no silences\n');
    else {
      io.stdout.write(
        renderTable(
          ['ID', 'STATE', 'MATCHERS', 'ENDS', 'BY', 'COMMENT'].map((title) => ({ title })),
          silences.map(({ id, status, matchers, endsAt, createdBy, comment }) => [
            id,
            status.state,
            formatMatchers(matchers.map(toLabelMatcher)),
            endsAt,
            createdBy,
            comment,
          ]),
          { style: createStyle(io.stdout, io.env) },
        ),
      );
    }
    return EXIT.ok;
  },
});
