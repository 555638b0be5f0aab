/** The message of the notifications queue: one content for one integration, under one claim. */
import type { LabelSet } from '../model/label-set.ts';
import type { NotifiedAlert } from '../receivers/receiver.ts';

export interface NotifyJob {
  readonly tenant: string;
  readonly logKey: string;
  readonly token: string;
  readonly sequence: number;
  readonly contentHash: string;
  readonly deadlineMs: number;
  readonly repeatIntervalMs: number;
  readonly receiver: string;
  readonly kind: string;
  readonly index: number;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  readonly alerts: readonly NotifiedAlert[];
  /** Committed to the log when the delivery is done. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

/** SQS takes 1 MiB with attributes; alerts beyond are left out of the message, not of the log. */
const MAX_JOB_CHARACTERS = 240_000;

export function encodeJob(job: NotifyJob): string {
  let alerts = job.alerts;
  let text = JSON.stringify(job);
  while (text.length > MAX_JOB_CHARACTERS && alerts.length > 1) {
    alerts = alerts.slice(0, Math.max(1, Math.floor((alerts.length * MAX_JOB_CHARACTERS) / text.length) - 1));
    text = JSON.stringify({ ...job, alerts });
  }
  return text;
}

/** @throws SyntaxError when the text is no job */
export function decodeJob(text: string): NotifyJob {
  const value: unknown = JSON.parse(text);
  const isJob =
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<NotifyJob>).token === 'string' &&
    typeof (value as Partial<NotifyJob>).logKey === 'string' &&
    Array.isArray((value as Partial<NotifyJob>).alerts);
  if (!isJob) throw new SyntaxError('not a notification job');
  return value as NotifyJob;
}
