/** What ingest needs of keys and their limits. */
import type { TenantId } from '@sluice/core/ids';

export interface IngestKey {
  readonly tenant: TenantId;
}

export interface QuotaExceeded {
  /** Kebab-case, for metrics. */
  readonly label: string;
  readonly reason: string;
  readonly retryAfterSeconds: number;
}

/** Takes `items` from the key's allowance; `undefined` when they fit. */
export type Quota = (key: IngestKey, items: number) => Promise<QuotaExceeded | undefined>;
