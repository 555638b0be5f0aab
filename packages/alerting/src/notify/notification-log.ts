/** What each integration was last told about each group, and who is telling it something right now. */
import { createHash } from 'node:crypto';

export interface LogEntry {
  /** Fingerprints of the alerts that the last delivered notification called firing and resolved. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** When it was delivered; 0 when nothing was delivered yet. */
  readonly notifiedAtMs: number;
  /** The highest sequence number given out, and the content that it stands for. */
  readonly sequence: number;
  readonly contentHash: string;
  readonly claim?: Claim;
  /** Why the last attempt failed, for people; without secrets. */
  readonly lastError?: string;
  /** A notification of firing alerts may have arrived although nobody wrote so: the end has to be told then. */
  readonly isUncertain?: boolean;
}

/** The right to deliver one content. A claim with another token ends it; an old job then knows that it is stale. */
export interface Claim {
  readonly token: string;
  readonly contentHash: string;
  readonly sequence: number;
  /** From then on another claim may be made; the holder renews it while it works. */
  readonly leaseUntilMs: number;
  /** Attempts end here; the next flush of the group decides anew. */
  readonly deadlineMs: number;
  /** An attempt to tell of firing alerts has begun whose outcome was not written. */
  readonly isUncertain?: boolean;
}

export const EMPTY_ENTRY: LogEntry = {
  firing: [],
  resolved: [],
  notifiedAtMs: 0,
  sequence: 0,
  contentHash: '',
};

/** Long enough for a queue's delivery and one attempt with its timeout. */
export const LEASE_MS = 60_000;

export function isClaimed(entry: LogEntry | undefined, nowMs: number): boolean {
  return entry?.claim !== undefined && entry.claim.leaseUntilMs > nowMs;
}

export function isUncertain(entry: LogEntry | undefined): boolean {
  return entry?.isUncertain === true || entry?.claim?.isUncertain === true;
}

export interface AlertSets {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

export type NotifyReason =
  | 'first notification'
  | 'new firing alerts'
  | 'all alerts resolved'
  | 'more resolved alerts'
  | 'repeat interval has passed'
  | 'nothing fires and nothing was notified'
  | 'nothing changed';

/** Whether an integration has to be told, by Alertmanager's rules (source: notify.DedupStage). */
export function decideNotification(
  entry: LogEntry | undefined,
  { firing, resolved }: AlertSets,
  options: { readonly sendResolved: boolean; readonly repeatIntervalMs: number; readonly nowMs: number },
): { readonly notify: boolean; readonly reason: NotifyReason } {
  // The worker died between the answer of the other side and the log: Alertmanager would leave the incident open.
  if (firing.length === 0 && isUncertain(entry)) return { notify: true, reason: 'all alerts resolved' };
  if (entry === undefined || entry.notifiedAtMs === 0) {
    return firing.length > 0
      ? { notify: true, reason: 'first notification' }
      : { notify: false, reason: 'nothing fires and nothing was notified' };
  }
  if (!isSubset(firing, entry.firing)) return { notify: true, reason: 'new firing alerts' };
  if (firing.length === 0) {
    return entry.firing.length > 0
      ? { notify: true, reason: 'all alerts resolved' }
      : { notify: false, reason: 'nothing fires and nothing was notified' };
  }
  if (options.sendResolved && !isSubset(resolved, entry.resolved))
    return { notify: true, reason: 'more resolved alerts' };
  return entry.notifiedAtMs < options.nowMs - options.repeatIntervalMs
    ? { notify: true, reason: 'repeat interval has passed' }
    : { notify: false, reason: 'nothing changed' };
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const known = new Set(whole);
  return part.every((item) => known.has(item));
}

/**
 * The sequence number for a content: the one that was given out for it already when it could not be
 * delivered, the next one otherwise. A repeat after `repeat_interval` is a new content.
 */
export function nextSequence(entry: LogEntry | undefined, contentHash: string): number {
  if (entry === undefined) return 1;
  return entry.contentHash === contentHash ? entry.sequence : entry.sequence + 1;
}

/** What makes two notifications the same content: which alerts, in which state, since when, and the last delivery before. */
export function hashContent(sets: AlertSets, details: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([[...sets.firing].sort(), [...sets.resolved].sort(), details]))
    .digest('hex')
    .slice(0, 32);
}

/** Key of an entry: the group's id, then the integration. */
export function logKey(
  groupId: string,
  integration: { readonly receiver: string; readonly kind: string; readonly index: number },
): string {
  return `${groupId}#${integration.receiver}#${integration.kind}#${integration.index}`;
}

/** A group's key can be long; its id is not. */
export function groupIdOf(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex').slice(0, 32);
}
