/** The sentence of partial_success: how many items of which kind were refused and why, then the warnings. */
import type { Signal } from '@sluice/core/names';
import type { Rejection } from '@sluice/otlp/findings';

/** OTLP counts what is rejected in these units (OTLP spec § Partial Success). */
export const ITEM_NOUN: Readonly<Record<Signal, string>> = {
  traces: 'span',
  logs: 'log record',
  metrics: 'data point',
};

/** SDKs print the message on one line of the application's log. */
const MAX_CHARS = 2000;

export function toPartialMessage(
  signal: Signal,
  rejections: readonly Rejection[],
  warnings: readonly string[],
): string {
  const reasons = rejections.map(({ reason, count, example }) => `${count} ${reason} (${example})`);
  const rejected = rejections.reduce((sum, { count }) => sum + count, 0);
  const sentences = [
    ...(rejected === 0
      ? []
      : [`${rejected} ${ITEM_NOUN[signal]}${rejected === 1 ? '' : 's'} rejected: ${reasons.join('; ')}`]),
    ...(warnings.length === 0 ? [] : [`accepted with warnings: ${warnings.join('; ')}`]),
  ];
  const message = sentences.join('. ');
  return message.length <= MAX_CHARS ? message : `${message.slice(0, MAX_CHARS - 1)}…`;
}
