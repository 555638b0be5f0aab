/** `sluice logs insights`. */
import { UsageError } from '@sluice/core/errors';
import { ENV } from '@sluice/core/names';
import { createApiClient } from '../api-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { parseDurationMs } from '../parse-duration.ts';
import { createStyle, type Style, safeJson, safeText } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { parseInsightsFault, tellFault } from './query-fault.ts';
import { writeLines } from './safe-output.ts';

const MAX_ROWS = 10_000;
const MAX_CELL_CHARS = 200;

interface Result {
  readonly columns: readonly string[];
  readonly results: readonly (readonly { readonly field: string; readonly value: string }[])[];
}

export const insightsCommand = defineCommand({
  operands: 'QUERY',
  minOperands: 1,
  maxOperands: 1,
  about: `Runs a CloudWatch Logs Insights query over the log records: a table, CSV or JSON.
Asks ${ENV.apiUrl} (default http://127.0.0.1:9090), with the key in ${ENV.key}.`,
  options: {
    since: { type: 'string', value: 'DURATION', help: 'how far to look back, e.g. 15m or 7d (default 1h)' },
    limit: { type: 'string', value: 'ROWS', help: `at most so many rows (default ${MAX_ROWS})` },
    group: { type: 'string', value: 'NAME', multiple: true, help: 'app, audit or security (default: all)' },
    csv: { type: 'boolean', help: 'comma-separated values' },
  },
  examples: [
    'sluice logs insights \'fields @timestamp, service, message | filter @level = "ERROR" | limit 20\'',
    "sluice logs insights 'stats count() by service, bin(5m)' --since 24h --csv",
  ],
  async run({ options, positionals, json }, io) {
    const [query = ''] = positionals;
    if (json && options.csv) throw new CommandLineError('--json or --csv, not both');
    const limit = readNumberOption('limit', options.limit, {
      fallback: MAX_ROWS,
      min: 1,
      max: MAX_ROWS,
      whole: true,
    });
    const end = io.clock.nowMs();
    const body = {
      query,
      start: end - parseDurationMs('since', options.since ?? '1h'),
      end,
      limit,
      ...(options.group.length === 0 ? {} : { groups: options.group }),
      format: options.csv ? 'csv' : 'json',
    };
    const api = createApiClient(io);
    const answer = await api.ask('/v1/logs/insights', { body });
    const style = createStyle(io.stdout, io.env);
    if (answer.status === 400) return tellFault(query, parseInsightsFault(answer.text, api.url), io);
    if (answer.status !== 200)
      throw new UsageError(`${api.url} answered HTTP ${answer.status}: ${answer.text}`);
    if (options.csv) writeLines(io.stdout, answer.text);
    else if (json) io.stdout.write(`${safeJson(JSON.parse(answer.text))}\n`);
    else io.stdout.write(renderRows(JSON.parse(answer.text) as Result, style));
    return EXIT.ok;
  },
});

function renderRows({ columns, results }: Result, style: Style): string {
  const rows = results.map((row) =>
    columns.map((column) => shorten(row.find(({ field }) => field === column)?.value ?? '')),
  );
  const isNumeric = (column: number): boolean =>
    rows.every((row) => row[column]!.trim() !== '' && Number.isFinite(Number(row[column])));
  const table = renderTable(
    columns.map((name, column) => ({
      title: safeText(name),
      ...(rows.length > 0 && isNumeric(column) ? { align: 'right' as const } : {}),
    })),
    rows,
    { style },
  );
  return `${table}${results.length} ${results.length === 1 ? 'row' : 'rows'}\n`;
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length <= MAX_CELL_CHARS ? text : `${characters.slice(0, MAX_CELL_CHARS - 1).join('')}…`;
}
