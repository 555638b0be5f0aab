/** Log requests as CloudWatch events: the JSON record as the message, the record's time in milliseconds. */
import type { MessageId, TenantId } from '@sluice/core/ids';
import { LOG_FIELD } from '@sluice/core/names';
import type { TelemetryPart } from '@sluice/core/ports/sink';
import { appendAscii, type ByteBuffer, createByteBuffer, writtenBytes } from '../logs/byte-buffer.ts';
import { createLogShaper, type LogShaper } from '../logs/shape-logs.ts';
import { PUT_LIMITS } from './limits.ts';
import { type GroupKind, groupOf } from './log-groups.ts';

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
  /** Of the message in UTF-8. */
  readonly bytes: number;
  /** The queue message that it came with, its place there, and when that was received. */
  readonly messageId: MessageId;
  readonly index: number;
  readonly receivedAtMs: number;
}

export type EventsByGroup = Readonly<Record<GroupKind, readonly LogEvent[]>>;

const decoder = new TextDecoder();

/** `,"sluice_tenant":"…"` of the longest tenant. */
const TENANT_BYTES = 128;

/** Longer records are cut by the shaper, with marks. Only pure JSON has its fields discovered by Insights. */
export function createEventShaper(): LogShaper {
  return createLogShaper({ maxLineBytes: PUT_LIMITS.maxMessageBytes - TENANT_BYTES, withTail: false });
}

/** Each record says whose it is, since tenants share groups. @throws OtlpFormatError */
export async function toLogEvents(
  parts: readonly TelemetryPart[],
  { shaper, tenant }: { readonly shaper: LogShaper; readonly tenant: TenantId },
): Promise<EventsByGroup> {
  // Inflated first: shaping must not be interrupted, its views are reused.
  const raws = await Promise.all(parts.map((part) => part.raw()));
  const events: Record<GroupKind, LogEvent[]> = { app: [], audit: [], security: [] };
  const line: ByteBuffer = createByteBuffer(4096);
  // In place of the brace that ends the record.
  const ending = `,"${LOG_FIELD.tenant}":"${tenant}"}`;
  parts.forEach(({ messageId, receivedAtMs }, i) => {
    let index = 0;
    let timestamp = 0;
    shaper.shape(raws[i]!, receivedAtMs, {
      begin(_, { seconds, nanos }) {
        timestamp = seconds * 1000 + Math.floor(nanos / 1_000_000);
        line.length = 0;
        return line;
      },
      end({ level }) {
        line.length -= 1;
        appendAscii(line, ending);
        const message = decoder.decode(writtenBytes(line));
        const own = { messageId, index, receivedAtMs };
        events[groupOf(level)].push({ timestamp, message, bytes: line.length, ...own });
        index += 1;
      },
    });
  });
  return events;
}
