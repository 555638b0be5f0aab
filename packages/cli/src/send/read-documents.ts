/**
 * The requests of one input, one after the other: gunzipped when the content is gzip, told apart by
 * content (JSON, JSON lines, protobuf), whatever the file is called. Lines are read as a stream, so a
 * file of many requests may be larger than memory.
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PermanentError } from '@sluice/core/errors';
import type { Input } from './find-inputs.ts';
import type { RequestDocument } from './request-document.ts';

type Bytes = Uint8Array<ArrayBufferLike>;

const NEWLINE = 0x0a;
const LINES_NAME = /\.(ndjson|jsonl)(\.gz)?$/i;
const PROTOBUF_NAME = /\.(pb|bin)(\.gz)?$/i;

export async function* readDocuments(
  input: Input,
  stdin: AsyncIterable<Uint8Array>,
): AsyncGenerator<RequestDocument> {
  const raw = input.kind === 'stdin' ? stdin : createReadStream(input.path);
  const chunks = inflated(raw);
  const name = input.kind === 'stdin' ? '' : input.path;
  const first = await chunks.next();
  if (first.done) return;
  if (PROTOBUF_NAME.test(name) || !looksLikeJson(first.value)) {
    yield { bytes: Buffer.concat([first.value, ...(await rest(chunks))]), encoding: 'protobuf' };
    return;
  }
  yield* jsonDocuments(first.value, chunks, LINES_NAME.test(name));
}

/** Whole when the first line is not a JSON value of its own; else a document a line. */
async function* jsonDocuments(
  first: Bytes,
  chunks: AsyncGenerator<Bytes>,
  isLines: boolean,
): AsyncGenerator<RequestDocument> {
  let held = first;
  while (!isLines && !held.includes(NEWLINE)) {
    const next = await chunks.next();
    if (next.done) break;
    held = Buffer.concat([held, next.value]);
  }
  const end = held.indexOf(NEWLINE);
  if (!isLines && (end < 0 || !isJson(held.subarray(0, end)))) {
    yield { bytes: Buffer.concat([held, ...(await rest(chunks))]), encoding: 'json' };
    return;
  }
  let line = 0;
  for await (const bytes of lines(held, chunks)) {
    line++;
    if (!isBlank(bytes)) yield { bytes, encoding: 'json', line };
  }
}

async function* lines(first: Bytes, chunks: AsyncGenerator<Bytes>): AsyncGenerator<Bytes> {
  let parts: Bytes[] = [];
  for (let chunk: Bytes | undefined = first; chunk !== undefined; chunk = (await chunks.next()).value) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, end));
      yield parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      parts = [];
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

async function* inflated(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Bytes> {
  const iterator = raw[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  async function* all(): AsyncGenerator<Bytes> {
    yield first.value;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!isGzip) return yield* all();
  try {
    for await (const chunk of Readable.from(all(), { objectMode: false }).pipe(createGunzip()))
      yield chunk as Bytes;
  } catch (cause) {
    throw new PermanentError('the gzip data is damaged or cut short', { cause });
  }
}

async function rest(chunks: AsyncGenerator<Bytes>): Promise<readonly Bytes[]> {
  const all: Bytes[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

/**
 * JSON may begin with white space, and so may protobuf by chance (field 1 of a request is 0x0a, a line
 * feed): but JSON text holds no control character other than tab, line feed and carriage return.
 */
function looksLikeJson(head: Bytes): boolean {
  const text = Buffer.from(head.subarray(0, 64 * 1024)).toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells protobuf from JSON
  return /^(\u00ef\u00bb\u00bf)?\s*[{[]/.test(text) && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text);
}

function isJson(bytes: Bytes): boolean {
  try {
    JSON.parse(
      Buffer.from(bytes)
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    );
    return true;
  } catch {
    return false;
  }
}

function isBlank(bytes: Bytes): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
