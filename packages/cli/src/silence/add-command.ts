/** `sluice silence add`. */
import { formatMatchers } from '@sluice/alerting/match/matcher';
import { toSilenceMatcher } from '@sluice/alerting/mute/silence';
import { createAlertmanagerClient, URL_OPTION } from '../alerts/alertmanager-client.ts';
import { readMatchers } from '../alerts/read-matchers.ts';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { parseDurationMs } from '../parse-duration.ts';
import { safeJson, safeText } from '../terminal-text.ts';

const DEFAULT_FOR = '2h';

export const addSilenceCommand = defineCommand({
  operands: 'MATCHER…',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: `Mutes all alerts that every matcher matches, for a while; prints the id by which the silence is ended
early. Needs a key with the scope alerts:write.`,
  options: {
    for: { type: 'string', value: 'DURATION', help: `how long (default ${DEFAULT_FOR})` },
    start: { type: 'string', value: 'TIME', help: 'from then on, RFC 3339 (default: now)' },
    comment: { type: 'string', value: 'TEXT', short: 'c', help: 'why' },
    by: { type: 'string', value: 'NAME', help: 'who (default: USER)' },
    url: URL_OPTION,
  },
  examples: [
    'sluice silence add alertname=HighLatency service=checkout --comment "load test"',
    'sluice silence add \'instance=~"db-.+"\' --for 30m --comment maintenance',
  ],
  async run({ options, positionals, json }, io) {
    const matchers = readMatchers(positionals);
    const durationMs = parseDurationMs('for', options.for ?? DEFAULT_FOR);
    const startMs = options.start === undefined ? io.clock.nowMs() : Date.parse(options.start);
    if (Number.isNaN(startMs))
      throw new CommandLineError(`--start ${JSON.stringify(options.start)} is no RFC 3339 time`);
    const endsAt = new Date(startMs + durationMs).toISOString();
    const answer = await createAlertmanagerClient(io, options.url).call<{ readonly silenceID: string }>(
      'POST',
      '/silences',
      {
        matchers: matchers.map(toSilenceMatcher),
        startsAt: new Date(startMs).toISOString(),
        endsAt,
        createdBy: options.by ?? io.env.USER ?? 'unknown',
        comment: options.comment ?? '',
      },
    );
    io.stdout.write(
      json
        ? `${safeJson(answer)}\n`
        : `${safeText(answer.silenceID)}\n${safeText(formatMatchers(matchers))} is silenced until ${endsAt}\n`,
    );
    return EXIT.ok;
  },
});
