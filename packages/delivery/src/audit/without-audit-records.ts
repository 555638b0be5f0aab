/**
 * Keeps records that enter the audit trail out of a log store. Their copies come there from the trail itself, without
 * anything personal, so that erasing a person's key in the trail leaves nothing readable among the logs.
 */
import { deflateGzip } from '@sluice/core/gzip';
import type { TenantId } from '@sluice/core/ids';
import type { Sink, TelemetryPart } from '@sluice/core/ports/sink';
import { cutItems } from '@sluice/otlp/cut-items';
import { walkLogs } from '@sluice/otlp/walk-logs';
import { findAuditRecords } from './find-audit-records.ts';

/** Field 2 of ScopeLogs, length-delimited: a log record. */
const RECORD_TAG = 0x12;

/** The same sink, for everything else. */
export function withoutAuditRecords(sink: Sink): Sink {
  return {
    ...sink,
    async push(tenant, parts, options) {
      const left: TelemetryPart[] = [];
      for (const part of parts) {
        const rest = await cutAuditRecords(tenant, part);
        if (rest !== undefined) left.push(rest);
      }
      if (left.length === 0) return { status: 'ok', items: 0 };
      const answer = await sink.push(tenant, left, options);
      if (answer.status !== 'ok') return answer;
      return { items: left.reduce((sum, { items }) => sum + items, 0), ...answer };
    },
  };
}

/** `undefined` when nothing is left. */
async function cutAuditRecords(tenant: TenantId, part: TelemetryPart): Promise<TelemetryPart | undefined> {
  const { places } = await findAuditRecords(tenant, part);
  if (places.length === 0) return part;
  const raw = await part.raw();
  const { ranges, records } = rangesOf(raw, new Set(places));
  if (records === places.length) return undefined;
  const bytes = cutItems(raw, ranges);
  return {
    messageId: part.messageId,
    items: records - places.length,
    receivedAtMs: part.receivedAtMs,
    gzip: await deflateGzip(bytes),
    raw: async () => bytes,
  };
}

/** Start and end of the fields that hold these records. */
function rangesOf(
  raw: Uint8Array,
  places: ReadonlySet<number>,
): { ranges: readonly number[]; records: number } {
  const ranges: number[] = [];
  let records = 0;
  walkLogs(raw, {
    resource() {},
    scope() {},
    record({ start, end }) {
      if (places.has(records)) ranges.push(fieldStart(raw, start, end), end);
      records += 1;
    },
  });
  return { ranges, records };
}

/** Back over the length, which need not be written as short as can be, to the tag. */
function fieldStart(raw: Uint8Array, start: number, end: number): number {
  for (let at = start - 2; at >= 0 && at >= start - 11; at--) {
    if (raw[at] === RECORD_TAG && lengthAt(raw, at + 1, start) === end - start) return at;
  }
  throw new Error(`the log record at byte ${start} has no tag`);
}

/** The varint that fills the bytes [from, to); -1 when none does. */
function lengthAt(raw: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const isLast = at === to - 1;
    if (raw[at]! >= 0x80 === isLast) return -1;
    value += (raw[at]! & 0x7f) * 2 ** (7 * (at - from));
  }
  return value;
}
