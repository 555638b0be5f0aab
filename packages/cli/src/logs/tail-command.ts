/** `sluice logs tail`. */
import { UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { createApiClient } from '../api-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { parseDurationMs } from '../parse-duration.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { readEvents } from './event-stream.ts';
import { toJsonLine } from './line-outputs.ts';
import { toLogLines } from './log-answer.ts';
import { parseLogqlFault, tellFault } from './query-fault.ts';
import { renderLine } from './render-line.ts';

const MAX_LIMIT = 5000;
const DEFAULT_LIMIT = 10;

export const logTailCommand = defineCommand({
  operands: 'LOGQL',
  minOperands: 1,
  maxOperands: 1,
  about: `Shows log lines as they are stored, after the newest from before, until Ctrl-C. With --json a document a line.
Asks ${ENV.apiUrl} (default http://127.0.0.1:9090), with the key in ${ENV.key}.`,
  options: {
    since: {
      type: 'string',
      value: 'DURATION',
      help: 'lines from before that are this old at most (default 1h)',
    },
    limit: { type: 'string', value: 'LINES', help: `lines from before, at most (default ${DEFAULT_LIMIT})` },
    raw: { type: 'boolean', help: 'the lines as they are stored' },
    for: { type: 'string', value: 'DURATION', help: 'stop after this long (default: at Ctrl-C)' },
  },
  examples: [
    `sluice logs tail '{service="api-gateway"} | json | level="ERROR"'`,
    `sluice logs tail '{service=~".+"}' --json | jq -r .line`,
  ],
  async run({ options, positionals, json }, io) {
    const [query = ''] = positionals;
    const limit = readNumberOption('limit', options.limit, {
      fallback: DEFAULT_LIMIT,
      min: 1,
      max: MAX_LIMIT,
      whole: true,
    });
    const startMs = io.clock.nowMs() - parseDurationMs('since', options.since ?? '1h');
    const forMs = options.for === undefined ? undefined : parseDurationMs('for', options.for);
    const stop = new AbortController();
    const signal = AbortSignal.any([io.signal, stop.signal]);
    const api = createApiClient({ ...io, signal });
    const search = new URLSearchParams({ query, limit: String(limit), start: `${startMs}000000` });
    const style = createStyle(io.stdout, io.env);
    if (forMs !== undefined) void io.clock.sleep(forMs, signal).then(() => stop.abort());
    try {
      const response = await api.open(`/v1/logs/tail?${search}`);
      if (response.status === 400) return tellFault(query, parseLogqlFault(await response.text()), io);
      if (response.status !== 200) throw new UsageError((await response.text()).trim());
      for await (const { name, data } of readEvents(response.body!)) {
        if (name === 'dropped') {
          const { count } = JSON.parse(data) as { count: number };
          io.stderr.write(`${style.yellow(`${count} lines came too fast and are not shown`)}\n`);
          continue;
        }
        for (const line of toLogLines(JSON.parse(data).streams)) {
          const text = json
            ? safeJson(toJsonLine(line), { indent: 0 })
            : renderLine(line, { style, isRaw: options.raw });
          io.stdout.write(`${text}\n`);
        }
      }
    } catch (error) {
      if (signal.aborted) return EXIT.ok;
      throw error;
    } finally {
      stop.abort();
    }
    throw new UsageError(`the pipeline at ${api.url} ended the tail`);
  },
});
