/** `sluice status`. */
import { ENV } from '@sluice/core/names';
import { createApiClient } from '../api-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import type { Io } from '../io.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { type Status, takeSnapshot, toStatus } from './read-status.ts';
import { renderStatus } from './render-status.ts';

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

export const statusCommand = defineCommand({
  about: `Shows what a running pipeline does: rates, queues with the age of their oldest message, dead letters,
destinations. Asks ${ENV.apiUrl} (default http://127.0.0.1:9090), with the key in ${ENV.key}.
Rates are measured over --interval. Fails when the pipeline is not ready.`,
  options: {
    watch: { type: 'boolean', short: 'w', help: 'again and again until Ctrl-C' },
    interval: {
      type: 'string',
      value: 'SECONDS',
      help: 'time between two looks (default 1; with --watch 2)',
    },
  },
  examples: ['sluice status', 'sluice status --watch', "sluice status --json | jq '.signals[].deadLetters'"],
  async run({ options, json }, io) {
    const { watch } = options;
    const seconds = readNumberOption('interval', options.interval, {
      fallback: watch ? 2 : 1,
      min: 0.1,
      max: 3600,
    });
    const api = createApiClient(io);
    let last = await takeSnapshot(api, io.clock);
    for (;;) {
      await io.clock.sleep(seconds * 1000, io.signal);
      if (io.signal.aborted) return EXIT.ok;
      const now = await takeSnapshot(api, io.clock);
      const status = toStatus(last, now);
      show(status, { url: api.url, json, watch, io });
      last = now;
      if (!watch) return status.ready ? EXIT.ok : EXIT.failure;
    }
  },
});

interface Showing {
  readonly url: string;
  readonly json: boolean;
  readonly watch: boolean;
  readonly io: Io;
}

function show(status: Status, { url, json, watch, io }: Showing): void {
  if (json) {
    // With --watch a document a line, for programs that read along.
    io.stdout.write(`${safeJson({ url, ...status }, { indent: watch ? 0 : 2 })}\n`);
    return;
  }
  const clear = watch && io.stdout.isTerminal ? CLEAR_SCREEN : '';
  io.stdout.write(clear + renderStatus(status, { url, style: createStyle(io.stdout, io.env) }));
}
