/** Exponential back-off with jitter, the same everywhere that something is tried again. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Delay before the next try after `attempt` failures (1 = the first failed): doubles from `baseMs` up to
 * `capMs`, of which the upper half is drawn at random so that many clients do not come back at once.
 */
export function backoffMs(attempt: number, { baseMs, capMs, random }: BackoffOptions): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
