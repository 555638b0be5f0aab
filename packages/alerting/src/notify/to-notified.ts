/** An alert as a notification shows it. */
import { type Alert, isResolved } from '../model/alert.ts';
import type { NotifiedAlert } from '../receivers/receiver.ts';

export function toNotified(alert: Alert, nowMs: number): NotifiedAlert {
  const { labels, annotations, startsAtMs, generatorUrl, fingerprint } = alert;
  const resolved = isResolved(alert, nowMs);
  return {
    status: resolved ? 'resolved' : 'firing',
    labels,
    annotations,
    startsAtMs,
    endsAtMs: resolved ? alert.endsAtMs : 0,
    generatorUrl,
    fingerprint,
  };
}
