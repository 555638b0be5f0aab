/** `sluice logs query`. */
import { ENV } from '@sluice/core/names';
import { type ApiClient, createApiClient } from '../api-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { parseDurationMs } from '../parse-duration.ts';
import { readAnswer } from '../query/query-answer.ts';
import { renderPlot } from '../query/render-plot.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { readBlocks } from './line-context.ts';
import { CSV_HEADING, toCsvLine, toJsonLine } from './line-outputs.ts';
import { isStreams, type LogLine, readLogAnswer, toLogLines } from './log-answer.ts';
import { parseLogqlFault, tellFault } from './query-fault.ts';
import { renderLine } from './render-line.ts';
import { writeLines } from './safe-output.ts';

const MAX_LIMIT = 5000;
const DEFAULT_LIMIT = 100;
/** Each line that was found is asked for by itself. */
const MAX_CONTEXT_MATCHES = 500;
/** Points of a plot: some more than a wide terminal shows. */
const POINTS = 240;

export const logQueryCommand = defineCommand({
  operands: 'LOGQL',
  minOperands: 1,
  maxOperands: 1,
  about: `Shows the newest log lines that a LogQL query finds, the newest last; of a metric query, a plot.
Asks ${ENV.apiUrl} (default http://127.0.0.1:9090), with the key in ${ENV.key}.`,
  options: {
    since: { type: 'string', value: 'DURATION', help: 'how far to look back, e.g. 15m or 7d (default 1h)' },
    limit: { type: 'string', value: 'LINES', help: `at most so many lines (default ${DEFAULT_LIMIT})` },
    context: {
      type: 'string',
      value: 'LINES',
      help: 'also so many lines of the stream before and after each',
    },
    raw: { type: 'boolean', help: 'the lines as they are stored' },
    csv: { type: 'boolean', help: 'comma-separated values' },
  },
  examples: [
    `sluice logs query '{service="api-gateway"} |= "ERROR"'`,
    `sluice logs query '{service="api-gateway"} | json | request_duration > 1.0' --since 24h --context 3`,
    `sluice logs query 'sum by (service) (rate({service=~".+"}[5m]))' --since 6h`,
  ],
  async run({ options, positionals, json }, io) {
    const [query = ''] = positionals;
    if (json && options.csv) throw new CommandLineError('--json or --csv, not both');
    const limit = readNumberOption('limit', options.limit, {
      fallback: DEFAULT_LIMIT,
      min: 1,
      max: MAX_LIMIT,
      whole: true,
    });
    const context = readNumberOption('context', options.context, {
      fallback: 0,
      min: 0,
      max: 1000,
      whole: true,
    });
    if (context > 0 && (json || options.csv))
      throw new CommandLineError('--context is for reading: not with --json or --csv');
    const sinceMs = parseDurationMs('since', options.since ?? '1h');
    const endMs = io.clock.nowMs();
    const startMs = endMs - sinceMs;
    const stepMs = Math.max(1000, Math.ceil(sinceMs / POINTS / 1000) * 1000);
    const api = createApiClient(io);
    const search = new URLSearchParams({
      query,
      limit: String(limit),
      start: `${startMs}000000`,
      // The end is outside of the range, and now is not.
      end: `${endMs}000001`,
      step: String(stepMs / 1000),
    });
    const answer = await api.ask(`/loki/api/v1/query_range?${search}`, {
      headers: { 'x-loki-response-encoding-flags': 'categorize-labels' },
    });
    if (answer.status === 400) return tellFault(query, parseLogqlFault(answer.text), io);
    const data = readLogAnswer(answer, api.url);
    const style = createStyle(io.stdout, io.env);
    if (isStreams(data)) {
      const lines = toLogLines(data.result);
      if (json) io.stdout.write(`${safeJson(lines.map(toJsonLine))}\n`);
      else if (options.csv) writeLines(io.stdout, CSV_HEADING + lines.map(toCsvLine).join(''));
      else if (context > 0) await showBlocks(lines, { api, context, isRaw: options.raw, io });
      else for (const line of lines) io.stdout.write(`${renderLine(line, { style, isRaw: options.raw })}\n`);
      if (lines.length === 0 && !json) io.stderr.write('no line found\n');
      return EXIT.ok;
    }
    const metrics = readAnswer(answer, api.url);
    if (json || metrics.status === 'error') io.stdout.write(`${safeJson(data)}\n`);
    else {
      const { columns } = io.stdout;
      const isColoured = style.red('') !== '';
      const times = { startMs, endMs, stepMs };
      io.stdout.write(renderPlot(metrics.result.series, { ...times, style, columns, isColoured }));
    }
    return EXIT.ok;
  },
});

interface BlockOptions {
  readonly api: ApiClient;
  readonly context: number;
  readonly isRaw: boolean;
  readonly io: Io;
}

async function showBlocks(
  lines: readonly LogLine[],
  { api, context, isRaw, io }: BlockOptions,
): Promise<void> {
  if (lines.length > MAX_CONTEXT_MATCHES)
    throw new CommandLineError(
      `--context is for at most ${MAX_CONTEXT_MATCHES} lines; take a smaller --limit`,
    );
  const style = createStyle(io.stdout, io.env);
  const blocks = await readBlocks(lines, { api, count: context });
  blocks.forEach((block, i) => {
    if (i > 0) io.stdout.write('--\n');
    for (const line of block)
      io.stdout.write(`${line.isMatch ? style.bold('>') : ' '} ${renderLine(line, { style, isRaw })}\n`);
  });
}
