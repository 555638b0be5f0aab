/**
 * The port behind `POST /v1/logs/insights`: an Insights query in, rows out. Locally an engine over the
 * embedded log store answers, in the cloud CloudWatch Logs itself.
 */
import { GROUP_KINDS, type GroupKind } from '@sluice/backends/cloudwatch/log-groups';
import type { LogRange } from '@sluice/backends/log-reader';
import type { TenantId } from '@sluice/core/ids';

/** Log groups as the pipeline fills them: by level. */
export const LOG_GROUPS = GROUP_KINDS;
export type LogGroup = GroupKind;

export interface InsightsRequest extends LogRange {
  readonly query: string;
  /** Of rows: 1 to 10,000. */
  readonly limit: number;
  readonly groups: readonly LogGroup[];
}

export interface InsightsField {
  readonly field: string;
  readonly value: string;
}

export interface InsightsResult {
  readonly columns: readonly string[];
  /** One entry per column that the row has. */
  readonly rows: readonly (readonly InsightsField[])[];
  readonly statistics: {
    readonly recordsMatched: number;
    readonly recordsScanned: number;
    readonly bytesScanned: number;
  };
}

export interface LogInsightsBackend {
  /**
   * Only the tenant's own records are ever looked at.
   * @throws InsightsError, QueryTooLarge, or the signal's reason when nobody waits any more
   */
  run(
    request: InsightsRequest,
    context: { readonly tenant: TenantId; readonly signal: AbortSignal },
  ): Promise<InsightsResult>;
}
