/** `sluice query`. */
import { ENV } from '@sluice/core/names';
import { createApiClient } from '../api-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { type QueryAnswer, readAnswer } from './query-answer.ts';
import { type QueryTimes, readTimes, toPath } from './query-times.ts';
import { renderCsv } from './render-csv.ts';
import { renderError } from './render-error.ts';
import { renderPlot } from './render-plot.ts';
import { renderSamples } from './render-samples.ts';

export const queryCommand = defineCommand({
  operands: 'EXPR',
  minOperands: 1,
  maxOperands: 1,
  about: `Evaluates a PromQL expression: a table of the values at one time or, with --range, a plot of how they
went. Asks ${ENV.apiUrl} (default http://127.0.0.1:9090), with the key in ${ENV.key}; any Prometheus will do.`,
  options: {
    range: { type: 'string', value: 'DURATION', help: 'plot this span up to --time, e.g. 1h or 7d' },
    step: { type: 'string', value: 'DURATION', help: 'distance of the points (default: some 240 of them)' },
    time: { type: 'string', value: 'TIME', help: 'RFC 3339 or Unix seconds (default: now)' },
    csv: { type: 'boolean', help: 'comma-separated values, one sample a line' },
    url: { type: 'string', value: 'URL', help: `another server than ${ENV.apiUrl}` },
  },
  examples: [
    'sluice query up',
    "sluice query 'sum by (status) (rate(http_requests_total[5m]))' --range 1h",
    "sluice query 'topk(5, sum by (service) (increase(http_requests_total[1d])))' --csv",
  ],
  async run({ options, positionals, json }, io) {
    const [expression = ''] = positionals;
    if (json && options.csv) throw new CommandLineError('--json or --csv, not both');
    const times = readTimes(options, io.clock.nowMs());
    const api =
      options.url === undefined ? createApiClient(io) : createApiClient(io, readUrlOption(options.url));
    const answer = readAnswer(await api.ask(toPath(expression, times)), api.url);
    if (answer.status === 'error') {
      io.stderr.write(renderError(expression, answer, createStyle(io.stderr, io.env)));
      return answer.errorType === 'bad_data' ? EXIT.usage : EXIT.failure;
    }
    if (json) io.stdout.write(`${safeJson(answer.document)}\n`);
    else show(answer, { times, isCsv: options.csv, io });
    return EXIT.ok;
  },
});

/** Without a trailing slash. @throws CommandLineError */
function readUrlOption(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text.replace(/\/+$/, '');
  throw new CommandLineError(`--url ${JSON.stringify(text)} is no URL such as http://127.0.0.1:9090`);
}

function show(
  answer: Extract<QueryAnswer, { status: 'success' }>,
  { times, isCsv, io }: { times: QueryTimes; isCsv: boolean; io: Io },
): void {
  const { result } = answer;
  const style = createStyle(io.stdout, io.env);
  const { columns } = io.stdout;
  const isColoured = style.red('') !== '';
  if (isCsv) io.stdout.write(renderCsv(result));
  else if (times.kind === 'range') {
    io.stdout.write(renderPlot(result.series, { ...times, style, columns, isColoured }));
  } else io.stdout.write(renderSamples(result, { style, columns }));
  const notes = createStyle(io.stderr, io.env);
  for (const text of answer.warnings) io.stderr.write(`${notes.yellow(safeText(text))}\n`);
  for (const text of answer.infos) io.stderr.write(`${notes.dim(safeText(text))}\n`);
}
