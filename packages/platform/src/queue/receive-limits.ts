/** Bounds of receive and visibility calls: a value outside them is a fault of the caller, in every adapter. */
import { PermanentError } from '@sluice/core/errors';
import { QUEUE_LIMITS, type ReceiveOptions } from '@sluice/core/ports/queue';

/** @throws PermanentError naming the option, its value and the range. */
export function checkReceive({ maxMessages, visibilityTimeoutMs, waitMs }: ReceiveOptions): void {
  checkRange('maxMessages', maxMessages, 1, QUEUE_LIMITS.maxBatch);
  checkVisibility(visibilityTimeoutMs);
  checkRange('waitMs', waitMs, 0, Number.MAX_SAFE_INTEGER);
}

/** @throws PermanentError */
export function checkVisibility(timeoutMs: number): void {
  checkRange('visibility timeout (ms)', timeoutMs, 0, QUEUE_LIMITS.maxVisibilitySeconds * 1000);
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max))
    throw new PermanentError(`${name} ${value} is not from ${min} to ${max}`);
}
