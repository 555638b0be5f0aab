/**
 * Delivers one notification. A job whose claim was given to another is dropped; the lease is renewed before each
 * attempt; what is committed is the content of this job, and only while the claim still stands.
 */

import { TemplateError } from '@sluice/templates/template-error';
import type { AlertmanagerConfig } from '../config/alertmanager-config.ts';
import { commonOf } from '../model/label-set.ts';
import type { Integration, Notification, SendOutcome } from '../receivers/receiver.ts';
import type { AlertingState } from './alerting-state.ts';
import { type Claim, LEASE_MS, type LogEntry } from './notification-log.ts';
import type { NotifyJob } from './notify-job.ts';
import { updateRecord } from './records.ts';

export interface NotifyDeps {
  readonly state: AlertingState;
  readonly config: AlertmanagerConfig;
  /** The integration that the job names; undefined when the configuration has lost it. */
  readonly integrationOf: (job: NotifyJob) => Integration | undefined;
  readonly externalUrl: string;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

export type NotifyResult =
  | { readonly status: 'delivered' }
  /** Another claim has taken over, the job was done before, or the integration is gone. */
  | { readonly status: 'stale'; readonly reason: string }
  | { readonly status: 'again'; readonly reason: string; readonly retryAfterMs: number }
  | { readonly status: 'failed'; readonly reason: string };

/** Waits between attempts, doubled each time. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
const ATTEMPT_TIMEOUT_MS = 30_000;

export async function runNotifyJob(job: NotifyJob, attempt: number, deps: NotifyDeps): Promise<NotifyResult> {
  const integration = deps.integrationOf(job);
  const before = await beginAttempt(job, deps, integration !== undefined);
  if (before === 'stale') return { status: 'stale', reason: 'another claim has taken over' };
  if (integration === undefined)
    return { status: 'stale', reason: `receiver ${job.receiver} has no ${job.kind}[${job.index}] any more` };
  if (deps.nowMs() >= job.deadlineMs)
    return fail(job, deps, { ...before, reason: 'no attempt succeeded before the next flush of the group' });

  const timeout = AbortSignal.any([deps.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
  const outcome = await attemptToSend(integration, toNotification(job, deps), timeout);
  switch (outcome.status) {
    case 'ok':
      return (await commit(job, deps))
        ? { status: 'delivered' }
        : { status: 'stale', reason: 'another claim has taken over' };
    case 'permanent':
      return fail(job, deps, { ...before, reason: outcome.reason });
    case 'retryable': {
      const retryAfterMs =
        outcome.retryAfterMs ?? Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10), MAX_RETRY_MS);
      if (deps.nowMs() + retryAfterMs >= job.deadlineMs)
        return fail(job, deps, { ...before, reason: outcome.reason });
      await changeClaim(job, deps, (claim) => ({
        ...claim,
        ...before,
        leaseUntilMs: leaseUntil(job, deps.nowMs() + retryAfterMs),
      }));
      return { status: 'again', reason: outcome.reason, retryAfterMs };
    }
  }
}

async function attemptToSend(
  integration: Integration,
  notification: Notification,
  signal: AbortSignal,
): Promise<SendOutcome> {
  try {
    return await integration.send(notification, { signal });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // The same text fails over the same alerts until somebody mends it.
    return { status: error instanceof TemplateError ? 'permanent' : 'retryable', reason };
  }
}

function ifClaimed(job: NotifyJob, entry: LogEntry | undefined, change: (entry: LogEntry) => LogEntry) {
  if (entry?.claim?.token !== job.token) return undefined;
  return {
    value: change(entry),
    expiresAtMs: job.deadlineMs + Math.max(2 * job.repeatIntervalMs, 86_400_000),
  };
}

/** Whether an earlier attempt may have arrived without anybody knowing. */
interface Doubt {
  readonly isUncertain: boolean;
}

/**
 * Renews the lease, and notes that an attempt begins: should this process end before it writes how the attempt went,
 * it may have arrived. Answers what was in doubt before.
 */
async function beginAttempt(job: NotifyJob, deps: NotifyDeps, isWanted: boolean): Promise<Doubt | 'stale'> {
  let before: Doubt = { isUncertain: false };
  const held = await changeClaim(job, deps, (claim) => {
    before = { isUncertain: claim.isUncertain === true };
    if (!isWanted) return undefined;
    const begins = deps.nowMs() < job.deadlineMs && job.firing.length > 0;
    return {
      ...claim,
      isUncertain: before.isUncertain || begins,
      leaseUntilMs: leaseUntil(job, deps.nowMs()),
    };
  });
  return held ? before : 'stale';
}

function leaseUntil(job: NotifyJob, fromMs: number): number {
  return Math.min(fromMs + LEASE_MS, job.deadlineMs);
}

/** False when the claim is another's; undefined takes it off. */
async function changeClaim(
  job: NotifyJob,
  deps: NotifyDeps,
  change: (claim: Claim) => Claim | undefined,
): Promise<boolean> {
  let held = false;
  await updateRecord(deps.state.log, job.logKey, (entry) => {
    held = entry?.claim?.token === job.token;
    return ifClaimed(job, entry, ({ claim, ...rest }) => {
      const next = claim === undefined ? undefined : change(claim);
      return next === undefined ? rest : { ...rest, claim: next };
    });
  });
  return held;
}

async function commit(job: NotifyJob, deps: NotifyDeps): Promise<boolean> {
  let held = false;
  await updateRecord(deps.state.log, job.logKey, (entry) => {
    held = entry?.claim?.token === job.token;
    return ifClaimed(job, entry, ({ claim: _, lastError: __, isUncertain: ___, ...rest }) => ({
      ...rest,
      firing: job.firing,
      resolved: job.resolved,
      notifiedAtMs: deps.nowMs(),
    }));
  });
  return held;
}

/** Gives the claim back: the next flush decides anew, as Alertmanager does after a failed notification. */
async function fail(
  job: NotifyJob,
  deps: NotifyDeps,
  { reason, isUncertain }: Doubt & { readonly reason: string },
): Promise<NotifyResult> {
  await updateRecord(deps.state.log, job.logKey, (entry) =>
    ifClaimed(job, entry, ({ claim: _, ...rest }) => ({
      ...rest,
      lastError: reason,
      ...(isUncertain ? { isUncertain: true } : {}),
    })),
  );
  return { status: 'failed', reason };
}

export function toNotification(
  job: NotifyJob,
  { externalUrl, nowMs }: Pick<NotifyDeps, 'externalUrl' | 'nowMs'>,
): Notification {
  return {
    receiver: job.receiver,
    groupKey: job.groupKey,
    groupLabels: job.groupLabels,
    commonLabels: commonOf(job.alerts.map(({ labels }) => labels)),
    commonAnnotations: commonOf(job.alerts.map(({ annotations }) => annotations)),
    externalUrl,
    status: job.alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: job.alerts,
    sequence: job.sequence,
    idempotencyKey: `${job.logKey}#${job.sequence}#${job.contentHash}`,
    nowMs: nowMs(),
  };
}
