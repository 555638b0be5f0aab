/** `sluice audit tail`. */
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { createAuditClient, type EventsAnswer } from './audit-client.ts';
import { FILTER_OPTIONS, toParameters } from './filter-options.ts';
import { renderLine } from './render-events.ts';

const POLL_MS = 2000;

export const tailAuditCommand = defineCommand({
  about: `Shows events of the audit trail as they are recorded, until Ctrl-C; with --json one a line. It counts as
one question and is recorded in the trail once.`,
  options: {
    ...FILTER_OPTIONS,
    once: { type: 'boolean', help: 'ends when there is nothing more' },
  },
  examples: ['sluice audit tail', 'sluice audit tail --level CRITICAL --since 24h --json'],
  async run({ options, json }, io) {
    const isOpen = options.since === undefined && options.from === undefined;
    const parameters = toParameters({ ...options, ...(isOpen ? { since: '10m' } : {}) }, io.clock.nowMs());
    parameters.set('follow', 'true');
    parameters.set('consistent', 'true');
    const client = createAuditClient(io);
    const style = createStyle(io.stdout, io.env);
    while (!io.signal.aborted) {
      const { events, cursor } = await client
        .call<EventsAnswer>('GET', `/events?${parameters}`)
        .catch((error: unknown): EventsAnswer => {
          if (io.signal.aborted) return { events: [] };
          throw error;
        });
      for (const event of events)
        io.stdout.write(json ? `${safeJson(event, { indent: 0 })}\n` : renderLine(event, style));
      if (cursor !== undefined) parameters.set('cursor', cursor);
      if (events.length > 0) continue;
      if (options.once) break;
      await io.clock.sleep(POLL_MS, io.signal);
    }
    return EXIT.ok;
  },
});
