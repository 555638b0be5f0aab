/** Events into batches that PutLogEvents takes: in the order of time, within its sizes, its span and its window. */
import { PUT_LIMITS } from './limits.ts';
import type { LogEvent } from './log-events.ts';

export interface Window {
  readonly nowMs: number;
  /** Of the group: what is older is refused as expired. */
  readonly retentionDays: number;
}

/** Clocks differ, and a push takes its time: keep this far from both ends. */
const MARGIN_MS = 5 * 60_000;
const DAY_MS = 86_400_000;

export interface Restamped {
  readonly events: readonly LogEvent[];
  /** Events whose own time is outside of what CloudWatch takes. */
  readonly tooOld: number;
  readonly tooNew: number;
}

/**
 * Events from outside the window get the time of their receipt, so that nothing is refused for a wrong clock
 * or a long outage. Their own time stays in their record.
 */
export function restamp(events: readonly LogEvent[], { nowMs, retentionDays }: Window): Restamped {
  const oldest = nowMs - Math.min(PUT_LIMITS.maxAgeMs, retentionDays * DAY_MS) + MARGIN_MS;
  const newest = nowMs + PUT_LIMITS.maxAheadMs - MARGIN_MS;
  let tooOld = 0;
  let tooNew = 0;
  const restamped = events.map((event) => {
    const { timestamp, receivedAtMs } = event;
    if (timestamp >= oldest && timestamp <= newest) return event;
    if (timestamp < oldest) tooOld += 1;
    else tooNew += 1;
    const isReceiptFine = receivedAtMs >= oldest && receivedAtMs <= newest;
    return { ...event, timestamp: isReceiptFine ? receivedAtMs : nowMs };
  });
  return { events: restamped, tooOld, tooNew };
}

export function toBatches(events: readonly LogEvent[]): readonly (readonly LogEvent[])[] {
  const sorted = [...events].sort((a, b) => a.timestamp - b.timestamp);
  const batches: LogEvent[][] = [];
  let bytes = 0;
  for (const event of sorted) {
    const size = event.bytes + PUT_LIMITS.overheadBytes;
    const batch = batches.at(-1);
    const isFull =
      batch === undefined ||
      batch.length >= PUT_LIMITS.maxEvents ||
      bytes + size > PUT_LIMITS.maxBatchBytes ||
      event.timestamp - batch[0]!.timestamp > PUT_LIMITS.maxSpanMs;
    if (isFull) {
      batches.push([event]);
      bytes = size;
    } else {
      batch.push(event);
      bytes += size;
    }
  }
  return batches;
}
