/** Insights over the embedded log store: records stream by, only the fields that the query names are read. */
import type { LogChunk, LogRange, LogReader } from '@sluice/backends/log-reader';
import { createPauses } from '@sluice/core/pauses';
import type { Clock } from '@sluice/core/ports/clock';
import { linesWith } from '../logql/line-filters.ts';
import { type Column, type CompiledQuery, compileQuery } from './compile-query.ts';
import { createFieldReader, recordEnd } from './field-reader.ts';
import {
  type InsightsField,
  type InsightsResult,
  LOG_GROUPS,
  type LogGroup,
  type LogInsightsBackend,
} from './log-insights-backend.ts';
import { neededText } from './needed-text.ts';
import { parseInsights } from './parse-insights.ts';
import { EVENT_FIELDS, type Row } from './row-scope.ts';
import { formatTime, toText } from './values.ts';

export function createEmbeddedInsights(
  reader: LogReader,
  { clock }: { readonly clock: Clock },
): LogInsightsBackend {
  return {
    async run({ query, limit, groups, ...range }, { tenant, signal }) {
      const commands = parseInsights(query);
      const compiled = compileQuery(commands, { source: query, nowMs: clock.nowMs(), limit });
      const visit = createVisit(compiled, groups);
      const needle = Buffer.from(neededText(commands));
      const statistics = { recordsScanned: 0, bytesScanned: 0 };
      const pauses = createPauses(clock);
      for (const chunk of reader.chunks({ tenant, isWanted: () => true, ...range })) {
        signal.throwIfAborted();
        if (pauses.isDue()) await pauses.take();
        statistics.recordsScanned += chunk.count;
        statistics.bytesScanned += chunk.bytes;
        if (!visitChunk(chunk, { range, needle, visit })) break;
      }
      compiled.sink.end();
      return toResult(compiled, statistics);
    },
  };
}

/** Answers whether more lines are wanted. */
type Visit = (chunk: LogChunk, line: LineBytes) => boolean;

interface LineBytes {
  readonly text: Buffer;
  readonly start: number;
  readonly end: number;
  readonly timeNs: bigint;
}

interface ChunkVisit {
  readonly range: LogRange;
  readonly needle: Buffer;
  readonly visit: Visit;
}

function visitChunk(chunk: LogChunk, { range: { startNs, endNs }, needle, visit }: ChunkVisit): boolean {
  const lines = chunk.load();
  const { text, starts, timesNs, count } = lines;
  const isWhole = chunk.firstNs >= startNs && chunk.lastNs < endNs;
  const visitLine = (i: number): boolean => {
    const timeNs = timesNs[i]!;
    if (!isWhole && (timeNs < startNs || timeNs >= endNs)) return true;
    return visit(chunk, { text, start: starts[i]!, end: starts[i + 1]! - 1, timeNs });
  };
  if (needle.length > 0) {
    for (const i of linesWith(lines, needle)) if (!visitLine(i)) return false;
    return true;
  }
  for (let i = 0; i < count; i++) if (!visitLine(i)) return false;
  return true;
}

/** Fills one row, again and again, with what the query needs of a line. */
function createVisit({ sink, fields }: CompiledQuery, groups: readonly LogGroup[]): Visit {
  const slotOf = (name: (typeof EVENT_FIELDS)[number]): number => fields.get(name) ?? -1;
  const timeSlot = slotOf('@timestamp');
  const ingestionSlot = slotOf('@ingestionTime');
  const messageSlot = slotOf('@message');
  const streamSlot = slotOf('@logStream');
  const logSlot = slotOf('@log');
  const isSome = groups.length < LOG_GROUPS.length;
  const wanted = [...fields]
    .filter(([name]) => !(EVENT_FIELDS as readonly string[]).includes(name))
    .map(([name, slot]) => ({ name, slot }));
  const record = createFieldReader(wanted);
  const level: Row = [];
  const levelReader = createFieldReader([{ name: '@level', slot: 0 }]);
  const row: Row = [];
  return (chunk, { text, start, end, timeNs }) => {
    if (isSome || logSlot >= 0) {
      levelReader.read(text, start, end, level);
      const group = groupOf(level[0]);
      if (!groups.includes(group)) return true;
      if (logSlot >= 0) row[logSlot] = group;
    }
    record.read(text, start, end, row);
    if (timeSlot >= 0) row[timeSlot] = toMs(timeNs);
    if (ingestionSlot >= 0) row[ingestionSlot] = chunk.storedAtMs;
    if (messageSlot >= 0) row[messageSlot] = text.toString('utf8', start, recordEnd(text, start, end));
    if (streamSlot >= 0) row[streamSlot] = chunk.stream.labels.service;
    return sink.push(row);
  };
}

/** By way of microseconds, which a double holds exactly where it would round nanoseconds. */
function toMs(timeNs: bigint): number {
  return Math.floor(Number(timeNs / 1000n) / 1000);
}

function groupOf(level: unknown): LogGroup {
  return level === 'AUDIT' ? 'audit' : level === 'SECURITY' ? 'security' : 'app';
}

function toResult(
  { columns, rows, matched }: CompiledQuery,
  scanned: Pick<InsightsResult['statistics'], 'recordsScanned' | 'bytesScanned'>,
): InsightsResult {
  return {
    columns: columns.map(({ name }) => name),
    rows: rows.map((row) => renderRow(row, columns)),
    statistics: { recordsMatched: matched(), ...scanned },
  };
}

function renderRow(row: Row, columns: readonly Column[]): readonly InsightsField[] {
  return columns.flatMap(({ name, slot, isTime }) => {
    const value = row[slot];
    if (value === undefined) return [];
    return [{ field: name, value: isTime && typeof value === 'number' ? formatTime(value) : toText(value) }];
  });
}
