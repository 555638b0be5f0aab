/** An alert as rules report it to whoever routes alerts. */

import type { ActiveAlert } from './evaluate/alert-state.ts';
import { formatExternalLink } from './external-link.ts';

export interface RuleAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  /** Absent while it fires: only its rule ends it, however long nothing is heard. */
  readonly endsAtMs?: number;
  readonly generatorUrl: string;
}

export interface RuleAlertOptions {
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** The rule's expression, for the link. */
  readonly query: string;
}

/** Labels of the alert win over external ones, and empty ones do not exist. */
export function toRuleAlert(
  { labels, annotations, activeAtMs, firedAtMs, resolvedAtMs }: ActiveAlert,
  { externalLabels, externalUrl, query }: RuleAlertOptions,
): RuleAlert {
  return {
    labels: { ...externalLabels, ...labels },
    annotations,
    startsAtMs: firedAtMs ?? activeAtMs,
    ...(resolvedAtMs === undefined ? {} : { endsAtMs: resolvedAtMs }),
    generatorUrl: externalUrl === '' ? '' : formatExternalLink(externalUrl, query),
  };
}
