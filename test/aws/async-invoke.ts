/**
 * How EventBridge Scheduler runs a function: the event is handed over, and Lambda sees to it. What fails is tried again
 * as often as the function's configuration says, then its story goes to the queue for that (Lambda developer guide
 * § Retaining records of asynchronous invocations).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaFunction } from './lambda-host.ts';

export interface AsyncInvokeOptions {
  readonly maxRetries: number;
  /** Takes the record of an event that was given up. */
  readonly onFailure: (record: string) => Promise<void>;
}

/** A minute, then two, at AWS. */
const RETRY_AFTER_MS = [50, 100];

/** Answers what became of the event. */
export async function invokeAsync(
  fn: LambdaFunction,
  event: unknown,
  { maxRetries, onFailure }: AsyncInvokeOptions,
): Promise<'done' | 'given up'> {
  let failure: unknown;
  for (let attempt = 0; attempt <= maxRetries; attempt++) {
    if (attempt > 0) await sleep(RETRY_AFTER_MS[attempt - 1] ?? 100);
    try {
      await fn.invoke(event);
      return 'done';
    } catch (error) {
      failure = error;
    }
  }
  await onFailure(
    JSON.stringify({
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId: randomUUID(),
        functionArn: `${fn.name}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: maxRetries + 1,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorMessage: failure instanceof Error ? failure.message : String(failure) },
    }),
  );
  return 'given up';
}
