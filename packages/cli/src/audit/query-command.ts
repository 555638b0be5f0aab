/** `sluice audit query`. */
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { plural } from '../quantity.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { createAuditClient, type EventsAnswer, type NumberedEvent } from './audit-client.ts';
import { FILTER_OPTIONS, toParameters } from './filter-options.ts';
import { renderEvents } from './render-events.ts';

const PAGE = 1000;

export const queryAuditCommand = defineCommand({
  about: `Finds events of the audit trail, newest first. Different options all have to hold, a repeated one means
either. The question is itself recorded in the trail.`,
  options: {
    ...FILTER_OPTIONS,
    limit: { type: 'string', value: 'N', help: 'so many events at most (default 50)' },
    oldest: { type: 'boolean', help: 'oldest first' },
    consistent: { type: 'boolean', help: 'sees every event that was recorded before' },
  },
  examples: [
    'sluice audit query --actor user123 --since 7d',
    'sluice audit query --type SECURITY_VIOLATION --level WARNING --level CRITICAL',
    'sluice audit query --result denied --json | jq .events[].actor.id',
  ],
  async run({ options, positionals: _, json }, io) {
    const limit = readNumberOption('limit', options.limit, {
      fallback: 50,
      min: 1,
      max: 1_000_000,
      whole: true,
    });
    const parameters = toParameters(options, io.clock.nowMs());
    parameters.set('order', options.oldest ? 'oldest' : 'newest');
    if (options.consistent) parameters.set('consistent', 'true');
    const client = createAuditClient(io);
    const events: NumberedEvent[] = [];
    let cursor: string | undefined;
    do {
      parameters.set('limit', String(Math.min(PAGE, limit - events.length)));
      if (cursor !== undefined) parameters.set('cursor', cursor);
      const page = await client.call<EventsAnswer>('GET', `/events?${parameters}`);
      events.push(...page.events);
      cursor = page.cursor;
    } while (cursor !== undefined && events.length < limit && !io.signal.aborted);
    if (json) {
      io.stdout.write(`${safeJson({ events, more: cursor !== undefined })}\n`);
      return EXIT.ok;
    }
    if (events.length > 0) io.stdout.write(renderEvents(events, createStyle(io.stdout, io.env)));
    io.stderr.write(
      `${plural(events.length, 'event')}${cursor === undefined ? '' : '; --limit shows more'}\n`,
    );
    return EXIT.ok;
  },
});

/** @throws CommandLineError */
export function requireEventId(text: string): string {
  if (/^ev_[0-9a-f]{40}$/.test(text)) return text;
  throw new CommandLineError(`${JSON.stringify(text)} is no event: an id is "ev_" and 40 hex digits`);
}
