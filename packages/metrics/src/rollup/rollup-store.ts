/**
 * Where the files of the rollups lie in the table. A file is a shard's entries over one span of one tier:
 * pages under a generation's name, and one header that points to them. Pages are written before the header
 * moves, with a condition on the generation that it moves from: a reader sees all of a generation or none,
 * a writer that lost changes nothing, and what a crash leaves behind is pages that nobody points to, which
 * expire.
 */
import { createHash } from 'node:crypto';
import { PermanentError } from '@sluice/core/errors';
import { type Item, queryAll, type Table } from '@sluice/core/ports/table';
import { packBytes, unpackBytes } from '../codec/pack-bytes.ts';
import type { ShardKey } from '../model/snapshot.ts';
import { type CutPage, cutPages } from './cut-pages.ts';
import { decodePage } from './decode-page.ts';
import type { Page } from './encode-page.ts';
import type { Families, RollupEntry } from './rollup-entry.ts';
import type { RollupSettings, RollupTier } from './rollup-settings.ts';

export interface TierKey extends ShardKey {
  readonly tier: string;
}

export interface FileHeader extends TierKey {
  /** The span begins here, exclusive: the first slot ends a slot later. */
  readonly spanStartMs: number;
  /** Name of the generation: changes with every change of the content. */
  readonly generation: string;
  /** Everything up to here is in the file, Unix milliseconds, a slot's border; inclusive. */
  readonly coveredMs: number;
  /** Nothing will be added any more. */
  readonly isComplete: boolean;
  readonly firstFamilies: readonly string[];
}

export interface FileContent {
  readonly coveredMs: number;
  readonly isComplete: boolean;
  readonly entries: readonly RollupEntry[];
  readonly families: Families;
}

const SHARD_KEEP_SECONDS = 500 * 86_400;
const OPEN_PARTITION = 'rollup-open';
/** Pages written or read at the same time for one file. */
const PARALLEL_PAGES = 8;

/** Headers whose span lies, in part at least, in [fromMs, untilMs], in order of time. */
export async function loadHeaders(
  table: Table,
  key: TierKey,
  range: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly spanMs: number;
    readonly consistent?: boolean;
  },
): Promise<readonly FileHeader[]> {
  const { fromMs, untilMs, spanMs, consistent = false } = range;
  const first = Math.max(0, Math.floor(fromMs / spanMs) * spanMs);
  const items = queryAll(table, {
    pk: headersKey(key),
    from: timeText(first),
    to: timeText(Math.max(0, untilMs)),
    consistent,
  });
  const headers: FileHeader[] = [];
  for await (const item of items) headers.push(toHeader(key, item));
  return headers;
}

export async function newestHeader(table: Table, key: TierKey): Promise<FileHeader | undefined> {
  const page = await table.query({ pk: headersKey(key), reverse: true, limit: 1, consistent: true });
  const [item] = page.items;
  return item === undefined ? undefined : toHeader(key, item);
}

/** Answers undefined when another writer moved the header first: then nothing that can be seen has changed. */
export async function writeFile(
  table: Table,
  file: TierKey & {
    readonly spanStartMs: number;
    readonly content: FileContent;
    readonly previous?: FileHeader;
  },
  { tier, settings, nowMs }: { tier: RollupTier; settings: RollupSettings; nowMs: number },
): Promise<FileHeader | undefined> {
  const { content, previous, spanStartMs } = file;
  const pages = cutPages(content.entries, content.families, settings);
  const header: FileHeader = {
    tenant: file.tenant,
    shard: file.shard,
    tier: file.tier,
    spanStartMs,
    generation: nameGeneration(content, pages),
    coveredMs: content.coveredMs,
    isComplete: content.isComplete,
    firstFamilies: pages.map(({ firstFamily }) => firstFamily),
  };
  const keepUntilMs = spanStartMs + tier.spanMs + tier.keepMs;
  const pagesUntilMs = content.isComplete ? keepUntilMs : Math.min(keepUntilMs, nowMs + settings.partKeepMs);
  await inTurns(pages, async ({ bytes }, index) => {
    await table.put({
      ...pageKey(header, index),
      data: packBytes(bytes),
      expiresAt: toSeconds(pagesUntilMs),
    });
  });
  const outcome = await table.put(
    {
      pk: headersKey(file),
      sk: timeText(spanStartMs),
      generation: header.generation,
      covered: header.coveredMs,
      complete: header.isComplete,
      families: header.firstFamilies,
      expiresAt: toSeconds(pagesUntilMs),
    },
    {
      condition:
        previous === undefined
          ? { kind: 'absent' }
          : { kind: 'equals', attribute: 'generation', value: previous.generation },
    },
  );
  return outcome === 'ok' ? header : undefined;
}

/** @throws when the page is gone: a generation lives as long as its header, so that the header is stale. */
export async function readPage(
  table: Table,
  header: FileHeader,
  index: number,
): Promise<Page & { readonly bytes: number }> {
  const key = pageKey(header, index);
  // A page that was just written may not have reached the replica that answers.
  const item = (await table.get(key)) ?? (await table.get(key, { consistent: true }));
  if (item === undefined) {
    throw new Error(`rollup page ${key.pk}/${key.sk} is gone: read the file's header again`);
  }
  if (!(item.data instanceof Uint8Array)) {
    throw new PermanentError(`rollup page ${key.pk}/${key.sk} has no data`);
  }
  const bytes = unpackBytes(item.data);
  return { ...decodePage(bytes), bytes: bytes.length };
}

/** The whole file. */
export async function readFile(table: Table, header: FileHeader): Promise<FileContent> {
  const pages: Page[] = [];
  await inTurns(header.firstFamilies, async (_, index) => {
    pages[index] = await readPage(table, header, index);
  });
  return {
    coveredMs: header.coveredMs,
    isComplete: header.isComplete,
    entries: pages.flatMap((page) => page.entries),
    families: new Map(pages.flatMap((page) => [...page.families])),
  };
}

/** Notes that a shard has rollups, for as long as they can live, and that one of its files is open. */
export async function noteOpenFile(
  table: Table,
  { tenant, shard }: ShardKey,
  { spanStartMs, nowMs }: { readonly spanStartMs: number; readonly nowMs: number },
): Promise<void> {
  const sk = `${tenant}#${shardText(shard)}`;
  await table.put({ pk: OPEN_PARTITION, sk, tenant, shard, spanStart: spanStartMs });
  await table.put({
    pk: shardsKey(tenant),
    sk: shardText(shard),
    shard,
    expiresAt: toSeconds(nowMs) + SHARD_KEEP_SECONDS,
  });
}

/** Shards with files that are not complete: they are compacted until they are, silent or not. */
export async function listOpenShards(table: Table): Promise<readonly ShardKey[]> {
  const shards: ShardKey[] = [];
  for await (const { tenant, shard } of queryAll(table, { pk: OPEN_PARTITION })) {
    shards.push({ tenant: String(tenant), shard: Number(shard) });
  }
  return shards;
}

/** Unless another file has been opened since the one that began at `spanStartMs`. */
export async function noteAllComplete(
  table: Table,
  { tenant, shard }: ShardKey,
  spanStartMs: number,
): Promise<void> {
  await table.delete(
    { pk: OPEN_PARTITION, sk: `${tenant}#${shardText(shard)}` },
    { condition: { kind: 'equals', attribute: 'spanStart', value: spanStartMs } },
  );
}

/** Shards that have rollups, those of earlier shard counts among them. */
export async function listRollupShards(table: Table, tenant: string): Promise<readonly number[]> {
  const shards: number[] = [];
  for await (const item of queryAll(table, { pk: shardsKey(tenant) })) shards.push(Number(item.shard));
  return shards;
}

function toHeader(key: TierKey, item: Item): FileHeader {
  const { generation, covered, complete, families } = item;
  if (typeof generation !== 'string' || typeof covered !== 'number' || !Array.isArray(families)) {
    throw new PermanentError(`rollup header ${item.pk}/${item.sk} is not one`);
  }
  return {
    tenant: key.tenant,
    shard: key.shard,
    tier: key.tier,
    spanStartMs: Number(item.sk),
    generation,
    coveredMs: covered,
    isComplete: complete === true,
    firstFamilies: families as readonly string[],
  };
}

/** By content: writers that have the same to say write the same items. */
function nameGeneration({ coveredMs, isComplete }: FileContent, pages: readonly CutPage[]): string {
  const hash = createHash('sha256');
  for (const { bytes } of pages) hash.update(bytes);
  return `${coveredMs}${isComplete ? 'c' : 'p'}${hash.digest('hex').slice(0, 16)}`;
}

async function inTurns<T>(
  values: readonly T[],
  work: (value: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < values.length) {
      const index = next++;
      await work(values[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_PAGES, values.length) }, worker));
}

function headersKey({ tenant, shard, tier }: TierKey): string {
  return `rollup#${tenant}#${shardText(shard)}#${tier}`;
}

function pageKey(
  { tenant, shard, tier, spanStartMs, generation }: FileHeader,
  index: number,
): { pk: string; sk: string } {
  return {
    pk: `rollup-page#${tenant}#${shardText(shard)}#${tier}#${timeText(spanStartMs)}`,
    sk: `${generation}#${String(index).padStart(5, '0')}`,
  };
}

function shardsKey(tenant: string): string {
  return `rollup-shards#${tenant}`;
}

function shardText(shard: number): string {
  return String(shard).padStart(5, '0');
}

/** Sorts as text as it sorts as a number, until the year 2286. */
function timeText(timeMs: number): string {
  return String(Math.trunc(timeMs)).padStart(13, '0');
}

function toSeconds(timeMs: number): number {
  return Math.ceil(timeMs / 1000);
}
