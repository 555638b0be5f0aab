/** `sluice dlq show`. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { describeError, UsageError } from '@sluice/core/errors';
import { SIGNALS, type Signal } from '@sluice/core/names';
import { type DeadMessage, listDeadLetters } from '@sluice/delivery/dead-letters';
import { decodeSpanCounts } from '@sluice/metrics/span-metrics/span-counts-codec';
import { encodeJsonRequest } from '@sluice/otlp/encode-json';
import { defineCommand, EXIT } from '../command.ts';
import { formatBytes, formatDuration, plural } from '../quantity.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { type QueueLabel, SELECTION_OPTIONS, withDeadLetters } from './dead-letter-queues.ts';

const inflate = promisify(gunzip);
/** A message inflates to at most what ingest lets in; this is beyond every setting of it. */
const MAX_INFLATED_BYTES = 1024 * 1024 * 1024;

type Readable =
  | { readonly status: 'json'; readonly bytes: Uint8Array; readonly json: unknown }
  | { readonly status: 'unreadable'; readonly bytes: Uint8Array; readonly problem: string };

export const showDeadLetterCommand = defineCommand({
  operands: 'ID',
  minOperands: 1,
  maxOperands: 1,
  about: `Shows one dead letter: where it comes from, why it is here, and its payload as OTLP JSON. The
beginning of an id is enough. With --save, the payload goes into a file that "sluice send" takes.`,
  options: {
    queue: SELECTION_OPTIONS.queue,
    save: { type: 'string', value: 'FILE', help: 'write the payload there as OTLP protobuf (.pb)' },
    'data-dir': SELECTION_OPTIONS['data-dir'],
  },
  examples: ['sluice dlq show 5ae1f0c2', 'sluice dlq show 5ae1f0c2 --save dead.pb'],
  async run({ options, positionals, json }, io) {
    const { signal, message } = await findOne(positionals[0]!, options, io);
    const payload = await readPayload(signal, message);
    if (options.save !== undefined) await writeFile(resolve(io.cwd, options.save), payload.bytes);
    const style = createStyle(io.stdout, io.env);
    io.stdout.write(
      json
        ? `${safeJson(toJson(signal, message, payload))}\n`
        : render({ signal, message, payload, style, nowMs: io.clock.nowMs() }),
    );
    return EXIT.ok;
  },
});

type Options = Parameters<typeof withDeadLetters>[0];

async function findOne(
  id: string,
  options: Pick<Options, 'queue' | 'data-dir'>,
  io: Parameters<typeof withDeadLetters>[1],
): Promise<{ readonly signal: QueueLabel; readonly message: DeadMessage }> {
  const selection = { ...options, tenant: undefined, sink: undefined, reason: undefined };
  const found = await withDeadLetters(selection, io, async (queues) => {
    const all: { signal: QueueLabel; message: DeadMessage }[] = [];
    for (const { signal, deadLetter } of queues) {
      const messages = await listDeadLetters(deadLetter, {
        filter: { ids: [id] },
        limit: 2,
        signal: io.signal,
      });
      all.push(...messages.map((message) => ({ signal, message })));
    }
    return all;
  });
  if (found.length === 0)
    throw new UsageError(`there is no dead letter ${id}; "sluice dlq list --each" shows all ids`);
  const ids = new Set(found.map(({ message }) => message.id));
  if (ids.size > 1)
    throw new UsageError(
      `${id} is the beginning of several ids, among them ${[...ids].slice(0, 2).join(' and ')}`,
    );
  return found[0]!;
}

async function readPayload(label: QueueLabel, { payload, message }: DeadMessage): Promise<Readable> {
  const signal = SIGNALS.find((candidate) => candidate === label);
  if (signal === undefined) return readJson(message.body);
  if (payload === undefined) {
    return {
      status: 'unreadable',
      bytes: Buffer.from(message.body),
      problem: 'the message is no envelope of Sluice',
    };
  }
  try {
    if (payload.codec === 'span-counts')
      return { status: 'json', bytes: payload.bytes, json: { spanCounts: decodeSpanCounts(payload.bytes) } };
    return await readOtlp(signal, payload.bytes);
  } catch (error) {
    return { status: 'unreadable', bytes: payload.bytes, problem: describeError(error) };
  }
}

async function readOtlp(signal: Signal, gzip: Uint8Array): Promise<Readable> {
  let bytes: Uint8Array;
  try {
    bytes = await inflate(gzip, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new Error('the gzip is damaged', { cause });
  }
  try {
    return { status: 'json', bytes, json: JSON.parse(encodeJsonRequest(signal, bytes)) };
  } catch (error) {
    return { status: 'unreadable', bytes, problem: describeError(error) };
  }
}

/** Audit events and notifications travel as JSON. */
function readJson(body: string): Readable {
  const bytes = Buffer.from(body);
  try {
    return { status: 'json', bytes, json: JSON.parse(body) };
  } catch (error) {
    return { status: 'unreadable', bytes, problem: describeError(error) };
  }
}

function toJson(signal: QueueLabel, dead: DeadMessage, payload: Readable) {
  const { id, reason, source, sink, deadAtMs, facts, message } = dead;
  return {
    id,
    signal,
    reason,
    source,
    sink: sink ?? null,
    tenant: facts?.tenant ?? null,
    items: facts?.items ?? null,
    receivedAt: facts === undefined ? null : new Date(facts.receivedAtMs).toISOString(),
    deadAt: new Date(deadAtMs).toISOString(),
    attributes: message.attributes,
    ...(payload.status === 'json'
      ? { payload: payload.json }
      : { problem: payload.problem, payloadBase64: Buffer.from(payload.bytes).toString('base64') }),
  };
}

interface Shown {
  readonly signal: QueueLabel;
  readonly message: DeadMessage;
  readonly payload: Readable;
  readonly style: ReturnType<typeof createStyle>;
  readonly nowMs: number;
}

function render({ signal, message: dead, payload, style, nowMs }: Shown): string {
  const { id, reason, source, sink, deadAtMs, facts } = dead;
  const lines: readonly (readonly [string, string])[] = [
    ['id', id],
    ['signal', signal],
    ['reason', reason],
    ['dead since', `${new Date(deadAtMs).toISOString()} (${formatDuration(nowMs - deadAtMs)} ago)`],
    ['from queue', source],
    ...(sink === undefined ? [] : [['only for', sink] as const]),
    ...(facts === undefined
      ? []
      : [
          ['tenant', facts.tenant] as const,
          ['holds', `${plural(facts.items, 'item')}, ${formatBytes(payload.bytes.length)}`] as const,
          ['received', new Date(facts.receivedAtMs).toISOString()] as const,
        ]),
  ];
  const head = lines.map(([name, value]) => `${style.dim(name.padEnd(10))}  ${safeText(value)}\n`).join('');
  if (payload.status === 'json') return `${head}\n${safeJson(payload.json)}\n`;
  const start = Buffer.from(payload.bytes.subarray(0, 96)).toString('base64');
  return `${head}\n${style.red('payload cannot be read:')} ${safeText(payload.problem)}\nbegins (base64): ${start}\n`;
}
