/**
 * Which entries a 400 of Loki is about. Loki takes the good entries of a push and names those it refused;
 * the texts are those of its validator and ingester (validate.go, stream.go), in versions 2.4 to 3.7.
 */

/** Entries of one stream that lie too far behind its newest: these can go to a stream of their own. */
export interface LateEntries {
  /** Labels as Loki prints them, or `undefined` when the answer does not name the stream. */
  readonly labelsText: string | undefined;
  /** Older ones were refused; `undefined` when the answer names no bound. */
  readonly oldestAcceptableSeconds: number | undefined;
}

const TOO_FAR_BEHIND = /too far behind|out of order/i;
const BOUND = /too far behind,(?: entry timestamp is: [^,]+,)? oldest acceptable timestamp is: (\S+?Z?)'/gi;
const STREAM = /for stream: (\{.*?\})(?:\s*$|,?\\?\n|\s*user ')/gims;
/** Older than `reject_old_samples_max_age`. No label helps. */
const TOO_OLD = /timestamp too old|greater than max age/i;
const TOO_NEW = /timestamp too new/i;

export function isTooFarBehind(text: string): boolean {
  return TOO_FAR_BEHIND.test(text);
}

export function isTooOld(text: string): boolean {
  return TOO_OLD.test(text);
}

export function isTooNew(text: string): boolean {
  return TOO_NEW.test(text);
}

/** What the answer says of late entries. */
export function parseLateEntries(text: string): LateEntries {
  let bound: number | undefined;
  for (const match of text.matchAll(BOUND)) {
    const ms = Date.parse(match[1]!);
    // Printed without fractions: the second itself may hold refused entries.
    if (!Number.isNaN(ms)) bound = Math.max(bound ?? 0, Math.floor(ms / 1000) + 1);
  }
  const stream = [...text.matchAll(STREAM)].at(-1)?.[1];
  return { labelsText: stream, oldestAcceptableSeconds: bound };
}
