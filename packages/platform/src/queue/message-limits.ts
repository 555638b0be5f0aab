/** What SQS takes and how it counts bytes, checked before a message leaves, the same in every adapter. */
import { type OutgoingMessage, QUEUE_LIMITS } from '@sluice/core/ports/queue';

/** SendMessage in the SQS API reference: attribute names, group and deduplication ids. */
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)(?!.*\.$)[A-Za-z0-9_.-]{1,256}$/i;
const GROUP_OR_DEDUPLICATION_ID = /^[!-~]{1,128}$/;
/** XML 1.0 characters; a lone surrogate is found by `isWellFormed`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what SQS refuses
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** The data type counts as bytes too; all attributes of this project are strings. */
export const ATTRIBUTE_TYPE = 'String';

/** Bytes of body, attribute names, types and values: what the limit of a message and of a batch counts. */
export function messageBytes({ body, attributes }: OutgoingMessage): number {
  let bytes = Buffer.byteLength(body);
  for (const name of Object.keys(attributes)) {
    bytes += Buffer.byteLength(name) + ATTRIBUTE_TYPE.length + Buffer.byteLength(attributes[name]!);
  }
  return bytes;
}

/** Why a queue can never take this message, or `undefined` when it can. */
export function refusalOf(
  message: OutgoingMessage,
  { fifo }: { readonly fifo: boolean },
): string | undefined {
  return refusalOfBody(message) ?? refusalOfAttributes(message) ?? refusalOfOptions(message, fifo);
}

/** Groups of at most 10 messages and 1 MiB, in order; each message must pass `refusalOf`. */
export function toBatches<T>(
  entries: readonly T[],
  bytesOf: (entry: T) => number,
): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let current: T[] = [];
  let currentBytes = 0;
  for (const entry of entries) {
    const bytes = bytesOf(entry);
    if (current.length === QUEUE_LIMITS.maxBatch || currentBytes + bytes > QUEUE_LIMITS.maxBytes) {
      batches.push(current);
      current = [];
      currentBytes = 0;
    }
    current.push(entry);
    currentBytes += bytes;
  }
  if (current.length > 0) batches.push(current);
  return batches.filter((batch) => batch.length > 0);
}

function refusalOfBody(message: OutgoingMessage): string | undefined {
  if (message.body === '') return 'the message body is empty';
  if (!isXmlText(message.body))
    return 'the message body holds characters that SQS does not take (XML 1.0 text)';
  const bytes = messageBytes(message);
  if (bytes > QUEUE_LIMITS.maxBytes) {
    return `the message has ${bytes} bytes with its attributes; the limit is ${QUEUE_LIMITS.maxBytes}`;
  }
  return undefined;
}

function refusalOfAttributes({ attributes }: OutgoingMessage): string | undefined {
  const names = Object.keys(attributes);
  if (names.length > QUEUE_LIMITS.maxAttributes) {
    return `the message has ${names.length} attributes; the limit is ${QUEUE_LIMITS.maxAttributes}`;
  }
  for (const name of names) {
    if (!ATTRIBUTE_NAME.test(name)) return `message attribute name ${JSON.stringify(name)} is not allowed`;
    const value = attributes[name]!;
    if (value === '') return `message attribute "${name}" is empty`;
    if (!isXmlText(value)) return `message attribute "${name}" holds characters that SQS does not take`;
  }
  return undefined;
}

function refusalOfOptions(message: OutgoingMessage, fifo: boolean): string | undefined {
  const { delaySeconds, groupId, deduplicationId } = message;
  if (fifo && groupId === undefined) return 'a FIFO queue needs a groupId on every message';
  if (fifo && delaySeconds !== undefined) return 'a FIFO queue takes no delaySeconds on a message';
  if (!fifo && groupId !== undefined) return 'groupId is for FIFO queues only';
  if (!fifo && deduplicationId !== undefined) return 'deduplicationId is for FIFO queues only';
  if (groupId !== undefined && !GROUP_OR_DEDUPLICATION_ID.test(groupId)) {
    return 'groupId is not 1-128 letters, digits and punctuation';
  }
  if (deduplicationId !== undefined && !GROUP_OR_DEDUPLICATION_ID.test(deduplicationId)) {
    return 'deduplicationId is not 1-128 letters, digits and punctuation';
  }
  if (delaySeconds !== undefined && !isWholeUpTo(delaySeconds, QUEUE_LIMITS.maxDelaySeconds)) {
    return `delaySeconds ${delaySeconds} is not a whole number from 0 to ${QUEUE_LIMITS.maxDelaySeconds}`;
  }
  return undefined;
}

function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text) && text.isWellFormed();
}

function isWholeUpTo(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
