/**
 * The envelope of telemetry on a queue: base64 of the payload as the body (gzipped OTLP protobuf, but for
 * what the pipeline counts itself), and the facts that consumers need before they open it as attributes.
 */
import { createHash } from 'node:crypto';
import { PermanentError } from './errors.ts';
import type { MessageId, TenantId } from './ids.ts';
import { parseTenantId } from './ids.ts';
import { ATTRIBUTE, SIGNALS, type Signal } from './names.ts';
import type { OutgoingMessage, ReceivedMessage } from './ports/queue.ts';

export interface EnvelopeFacts {
  readonly id: MessageId;
  readonly signal: Signal;
  readonly tenant: TenantId;
  /** Spans, log records or data points. */
  readonly items: number;
  readonly receivedAtMs: number;
}

export interface Envelope extends EnvelopeFacts {
  /** Gzip of an OTLP export request in protobuf. */
  readonly gzip: Uint8Array;
}

/** What the body of a message is: gzipped OTLP, or counts of spans as the room of metrics writes them. */
export const CODECS = ['gzip', 'span-counts'] as const;
export type Codec = (typeof CODECS)[number];

export interface Payload {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
}

/** Set when a message goes round again for one failed sink only. */
export interface RetryState {
  readonly sink: string;
  readonly attempt: number;
  readonly firstSeenMs: number;
  /** How often the sink refused it for good: a refusal is believed when it is repeated. */
  readonly refusals?: number;
}

export interface DeadLetter {
  readonly reason: string;
  /** Name of the queue it came from: where a redrive sends it back to. */
  readonly source: string;
  readonly atMs: number;
}

const VERSION = '1';
const MAX_REASON_CHARS = 1000;

/** SHA-256 of tenant, signal, inflated bytes and part number: a resent request gets the same ids. */
export function messageIdOf(tenant: TenantId, signal: Signal, raw: Uint8Array, part = 0): MessageId {
  return createHash('sha256')
    .update(`${tenant}\n${signal}\n${part}\n`)
    .update(raw)
    .digest('hex') as MessageId;
}

export function encodeEnvelope(envelope: Envelope, retry?: RetryState): OutgoingMessage {
  const { body, attributes } = encodePayload(envelope, { codec: 'gzip', bytes: envelope.gzip });
  return {
    body,
    attributes:
      retry === undefined ? attributes : { ...attributes, [ATTRIBUTE.retry]: JSON.stringify(retry) },
  };
}

export function encodePayload(facts: EnvelopeFacts, { codec, bytes }: Payload) {
  return {
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    attributes: {
      [ATTRIBUTE.version]: VERSION,
      [ATTRIBUTE.signal]: facts.signal,
      [ATTRIBUTE.codec]: codec,
      [ATTRIBUTE.tenant]: facts.tenant,
      [ATTRIBUTE.items]: String(facts.items),
      [ATTRIBUTE.id]: facts.id,
      [ATTRIBUTE.receivedAtMs]: String(facts.receivedAtMs),
    },
  };
}

/** @throws PermanentError when the message is not an envelope of OTLP in this version; the text says which attribute is wrong. */
export function decodeEnvelope(message: Pick<ReceivedMessage, 'body' | 'attributes'>): Envelope {
  const { facts, payload } = decodePayload(message);
  if (payload.codec !== 'gzip') throw new PermanentError(`codec "${payload.codec}" holds no OTLP`);
  return { ...facts, gzip: payload.bytes };
}

/** @throws PermanentError as `decodeEnvelope` */
export function decodePayload(message: Pick<ReceivedMessage, 'body' | 'attributes'>): {
  readonly facts: EnvelopeFacts;
  readonly payload: Payload;
} {
  const { attributes } = message;
  const read = (name: string): string => {
    const value = attributes[name];
    if (value === undefined) throw new PermanentError(`message attribute "${name}" is missing`);
    return value;
  };
  const version = read(ATTRIBUTE.version);
  if (version !== VERSION)
    throw new PermanentError(`envelope version "${version}" is not known; this build reads "${VERSION}"`);
  const codec = CODECS.find((known) => known === read(ATTRIBUTE.codec));
  if (codec === undefined)
    throw new PermanentError(
      `codec "${read(ATTRIBUTE.codec)}" is not known; this build reads ${CODECS.map((known) => `"${known}"`).join(' and ')}`,
    );
  const signal = SIGNALS.find((known) => known === read(ATTRIBUTE.signal));
  if (signal === undefined) throw new PermanentError(`signal "${read(ATTRIBUTE.signal)}" is not known`);
  const id = read(ATTRIBUTE.id);
  if (!/^[0-9a-f]{64}$/.test(id)) throw new PermanentError('message attribute "id" is not a SHA-256 in hex');
  return {
    facts: {
      id: id as MessageId,
      signal,
      tenant: parseTenant(read(ATTRIBUTE.tenant)),
      items: parseCount(ATTRIBUTE.items, read(ATTRIBUTE.items)),
      receivedAtMs: parseCount(ATTRIBUTE.receivedAtMs, read(ATTRIBUTE.receivedAtMs)),
    },
    payload: { codec, bytes: Buffer.from(message.body, 'base64') },
  };
}

/** `undefined` for a message on its first way. A damaged attribute counts as none: the message starts over. */
export function decodeRetry(attributes: Readonly<Record<string, string>>): RetryState | undefined {
  const value = parseJson(attributes[ATTRIBUTE.retry]);
  const { sink, attempt, firstSeenMs, refusals } = value ?? {};
  if (typeof sink !== 'string' || typeof attempt !== 'number' || typeof firstSeenMs !== 'number')
    return undefined;
  return { sink, attempt, firstSeenMs, ...(typeof refusals === 'number' ? { refusals } : {}) };
}

/** The message as it is put on a dead-letter queue: unchanged, with the reason beside it. */
export function toDeadLetter(
  message: Pick<ReceivedMessage, 'body' | 'attributes' | 'groupId'>,
  dead: DeadLetter,
): OutgoingMessage {
  const reason = dead.reason.slice(0, MAX_REASON_CHARS);
  return {
    body: message.body,
    attributes: { ...message.attributes, [ATTRIBUTE.dead]: JSON.stringify({ ...dead, reason }) },
    ...(message.groupId === undefined ? {} : { groupId: message.groupId }),
  };
}

export function decodeDeadLetter(attributes: Readonly<Record<string, string>>): DeadLetter | undefined {
  const { reason, source, atMs } = parseJson(attributes[ATTRIBUTE.dead]) ?? {};
  if (typeof reason !== 'string' || typeof source !== 'string' || typeof atMs !== 'number') return undefined;
  return { reason, source, atMs };
}

function parseJson(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function parseTenant(value: string): TenantId {
  try {
    return parseTenantId(value);
  } catch (cause) {
    throw new PermanentError('message attribute "tenant" is not a tenant', { cause });
  }
}

function parseCount(name: string, value: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new PermanentError(`message attribute "${name}" is not a count: ${JSON.stringify(value)}`);
  }
  return count;
}
