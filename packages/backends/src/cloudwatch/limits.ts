/** What PutLogEvents takes (Amazon CloudWatch Logs API Reference § PutLogEvents, and § quotas). */
const DAY_MS = 86_400_000;

export const PUT_LIMITS = {
  /** UTF-8 bytes of all messages of a batch, plus `overheadBytes` for each. */
  maxBatchBytes: 1_048_576,
  overheadBytes: 26,
  maxEvents: 10_000,
  maxSpanMs: DAY_MS,
  /** An event of 1 MB (256 KB until April 2025) still has to fit into a batch with its overhead. */
  maxMessageBytes: 1_048_576 - 26,
  maxAgeMs: 14 * DAY_MS,
  maxAheadMs: 2 * 3_600_000,
} as const;
