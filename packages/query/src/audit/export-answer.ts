/**
 * Streams an export: the bundle that proves itself (`jsonl`), or rows for other tools (`csv`, `ocsf`) with a manifest
 * in a header. The trail records who exports what before the first line, and the digest of all lines after the last.
 */
import { createHash, randomUUID } from 'node:crypto';
import { encodeVerifierKey } from '@sluice/audit/checkpoint';
import { exportBundle } from '@sluice/audit/export/export-bundle';
import { CSV_HEADER, toCsvLine, toOcsf } from '@sluice/audit/export/table-formats';
import { RECORD_TYPE } from '@sluice/audit/log-records';
import type { EventFilter } from '@sluice/audit/read/event-filter';
import type { NumberedEvent, TrailReader } from '@sluice/audit/read/trail-reader';
import type { TenantId } from '@sluice/core/ids';
import { HEADER } from '@sluice/core/names';
import type { Context } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { AuditRequestError } from './audit-request-error.ts';
import type { AuditRoutesOptions } from './audit-routes.ts';
import { readFilter } from './read-question.ts';
import type { ReadingRecorder } from './reading-recorder.ts';

export interface ExportDeps extends AuditRoutesOptions {
  readonly reader: TrailReader;
  readonly recorder: ReadingRecorder;
}

const FORMATS = {
  jsonl: { type: 'application/x-ndjson', ending: 'jsonl' },
  csv: { type: 'text/csv; charset=utf-8', ending: 'csv' },
  ocsf: { type: 'application/x-ndjson', ending: 'ocsf.jsonl' },
} as const;
type Format = keyof typeof FORMATS;
const PAGE_EVENTS = 1000;

/** @throws AuditRequestError */
export async function answerExport(c: Context<QueryEnv>, deps: ExportDeps): Promise<Response> {
  const { recorder, log, keys, clock, reader, keyring, table } = deps;
  const parameters = new URL(c.req.url).searchParams;
  const format = readFormat(parameters.get('format') ?? 'jsonl');
  const filter = readFilter(parameters, ['format']);
  const tenant = c.get('tenant');
  const who = { tenant, reader: c.get('reader') };
  await deps.seal?.();
  const { size } = (await log.head(tenant)).frontier;
  const exportId = randomUUID();
  const question = await recorder.describe(tenant, filter);
  const about = { export_id: exportId, format };
  await recorder.record(RECORD_TYPE.exported, { ...who, attributes: { ...about, question, size } });

  const nowMs = clock.nowMs();
  const [checkpoint] = await reader.checkpoints(tenant, 1);
  const manifest = {
    format,
    exportId,
    tenant,
    createdAt: new Date(nowMs).toISOString(),
    filter,
    size,
    checkpoint: checkpoint ?? null,
    keys: keys.map(encodeVerifierKey),
  };
  const lines =
    format === 'jsonl'
      ? exportBundle(tenant, { table, keyring, filter, keys, nowMs })
      : rowsOf(tenant, { reader, filter, size, format });
  const finish = (sha256: string): Promise<void> =>
    recorder.record(RECORD_TYPE.exportFinished, { ...who, attributes: { ...about, sha256 } });
  return new Response(toStream(digested(lines, finish)), {
    headers: {
      'content-type': FORMATS[format].type,
      'content-disposition': `attachment; filename="audit-${tenant}.${FORMATS[format].ending}"`,
      'cache-control': 'no-store',
      [HEADER.auditManifest]: Buffer.from(JSON.stringify(manifest)).toString('base64url'),
    },
  });
}

interface RowOptions {
  readonly reader: TrailReader;
  readonly filter: EventFilter;
  readonly size: number;
  readonly format: Exclude<Format, 'jsonl'>;
}

async function* rowsOf(
  tenant: TenantId,
  { reader, filter, size, format }: RowOptions,
): AsyncGenerator<string> {
  const toLine = (event: NumberedEvent): string =>
    format === 'csv' ? toCsvLine(event) : `${JSON.stringify(toOcsf(event))}\n`;
  if (format === 'csv') yield CSV_HEADER;
  let cursor: string | undefined;
  do {
    const page = await reader.query(tenant, filter, {
      order: 'oldest',
      limit: PAGE_EVENTS,
      consistent: true,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const event of page.events) {
      if (event.seq >= size) return;
      yield toLine(event);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}

async function* digested(
  lines: AsyncGenerator<string>,
  finish: (sha256: string) => Promise<void>,
): AsyncGenerator<string> {
  const sha256 = createHash('sha256');
  for await (const line of lines) {
    sha256.update(line);
    yield line;
  }
  await finish(sha256.digest('hex'));
}

/** A reader that goes away ends the export; it then has no record of its end. */
function toStream(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

function readFormat(text: string): Format {
  if (Object.hasOwn(FORMATS, text)) return text as Format;
  throw new AuditRequestError(400, `"format" must be one of ${Object.keys(FORMATS).join(', ')}`);
}
