/**
 * The language of Insights over log events, as the fake CloudWatch Logs runs it: AWS's own rules hold, so
 * that `@level` is no field and `--` no comment.
 */
import type { RunQuery } from '@sluice/backends/testing/cloudwatch-state';
import { compileQuery } from '../insights/compile-query.ts';
import { createFieldReader } from '../insights/field-reader.ts';
import { parseInsights } from '../insights/parse-insights.ts';
import { EVENT_FIELDS, type Row } from '../insights/row-scope.ts';
import { tokenizeAll } from '../insights/tokens.ts';
import { formatTime, toText } from '../insights/values.ts';

/** Their texts are those of a JSON record. */
export const runInsightsOverEvents: RunQuery = ({ query, events, limit }) => {
  refuseWhatAwsDoesNotKnow(query);
  const { sink, fields, columns, rows } = compileQuery(parseInsights(query), {
    source: query,
    nowMs: 0,
    limit,
  });
  const isOfEvent = (name: string): boolean => EVENT_FIELDS.some((known) => known === name);
  const reader = createFieldReader(
    [...fields].filter(([name]) => !isOfEvent(name)).map(([name, slot]) => ({ name, slot })),
  );
  for (const { timestamp, message, group, stream } of events) {
    const bytes = Buffer.from(message);
    const row: Row = [];
    reader.read(bytes, 0, bytes.length, row);
    const own: Readonly<Record<string, string | number>> = {
      '@timestamp': timestamp,
      '@message': message,
      '@log': group,
      '@logStream': stream,
    };
    for (const [name, value] of Object.entries(own)) {
      const slot = fields.get(name);
      if (slot !== undefined) row[slot] = value;
    }
    if (!sink.push(row)) break;
  }
  sink.end();
  return rows.map((row, i) => [
    ...columns.flatMap(({ name, slot, isTime }) => {
      const value = row[slot];
      if (value === undefined) return [];
      return [{ field: name, value: isTime ? formatTime(Number(value)) : toText(value) }];
    }),
    { field: '@ptr', value: String(i) },
  ]);
};

function refuseWhatAwsDoesNotKnow(query: string): void {
  for (const { kind, text } of tokenizeAll(query)) {
    const isForeign = (kind === 'comment' && text.startsWith('--')) || (kind === 'name' && text === '@level');
    if (isForeign) throw new Error(`CloudWatch Logs does not know ${text}`);
  }
}
