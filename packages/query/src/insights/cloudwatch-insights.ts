/** Insights in the cloud: the query runs in CloudWatch Logs, over the tenant's own records. */

import type { LogGroups } from '@sluice/backends/cloudwatch/log-groups';
import type { InsightsClient, InsightsQueryResults } from '@sluice/backends/logs-insights/insights-client';
import type { TenantId } from '@sluice/core/ids';
import { LOG_FIELD } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import { InsightsBusy } from './insights-busy.ts';
import { InsightsError } from './insights-error.ts';
import type { InsightsResult, LogInsightsBackend } from './log-insights-backend.ts';
import { QueryTooLarge } from './query-too-large.ts';
import { type RewrittenQuery, rewriteQuery } from './rewrite-query.ts';

export interface CloudWatchInsightsOptions {
  readonly client: InsightsClient;
  readonly clock: Clock;
  readonly groups: LogGroups;
  /** Longer queries are stopped: nobody waits so long for an answer. */
  readonly maxWaitMs?: number;
}

const FIRST_POLL_MS = 200;
const MAX_POLL_MS = 2000;
const DEFAULT_MAX_WAIT_MS = 60_000;
const NS_PER_SECOND = 1_000_000_000n;
/** The name by which AWS finds a record again; of no use outside of its console. */
const POINTER = '@ptr';

export function createCloudWatchInsights(options: CloudWatchInsightsOptions): LogInsightsBackend {
  const { client, clock, groups, maxWaitMs = DEFAULT_MAX_WAIT_MS } = options;

  const start = async (
    request: Parameters<LogInsightsBackend['run']>[0],
    rewritten: RewrittenQuery,
    tenant: TenantId,
  ): Promise<string> => {
    // Tenants share log groups.
    const scope = `filter ${LOG_FIELD.tenant} = "${tenant}" | `;
    try {
      return await client.startQuery({
        logGroupNames: request.groups.map((group) => groups[group].name),
        queryString: scope + rewritten.query,
        startTime: Number(request.startNs / NS_PER_SECOND),
        endTime: Number((request.endNs - 1n) / NS_PER_SECOND),
        limit: request.limit,
      });
    } catch (error) {
      throw toQueryError(error, request.query, (offset) =>
        rewritten.toSourceOffset(Math.max(0, offset - scope.length)),
      );
    }
  };

  const wait = async (queryId: string, signal: AbortSignal): Promise<InsightsQueryResults> => {
    const deadlineMs = clock.nowMs() + maxWaitMs;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(MAX_POLL_MS, pollMs * 1.5)) {
      await clock.sleep(pollMs, signal);
      signal.throwIfAborted();
      const answer = await client.getQueryResults(queryId);
      if (answer.status === 'Complete') return answer;
      if (answer.status !== 'Scheduled' && answer.status !== 'Running' && answer.status !== 'Unknown')
        throw new Error(`CloudWatch Logs: the query ended as ${answer.status}`);
      if (clock.nowMs() >= deadlineMs)
        throw new QueryTooLarge(
          `the query takes longer than ${maxWaitMs / 1000} s: ask for less time, or fewer groups`,
        );
    }
  };

  return {
    async run(request, { tenant, signal }) {
      const rewritten = rewriteQuery(request.query);
      signal.throwIfAborted();
      const queryId = await start(request, rewritten, tenant);
      try {
        return toResult(await wait(queryId, signal), rewritten);
      } catch (error) {
        // It would run on, and cost, for nobody. It may have ended meanwhile: that is fine as well.
        await client.stopQuery(queryId).catch(() => {});
        throw error;
      }
    },
  };
}

function toResult(
  { results, statistics }: InsightsQueryResults,
  { hasLevel }: RewrittenQuery,
): InsightsResult {
  const rename = (field: string): string => (hasLevel && field === 'level' ? '@level' : field);
  const rows = results.map((row) =>
    row.filter(({ field }) => field !== POINTER).map(({ field, value }) => ({ field: rename(field), value })),
  );
  return { columns: [...new Set(rows.flatMap((row) => row.map(({ field }) => field)))], rows, statistics };
}

/** What AWS says of a query that it does not take, at the place in the query as it was written. */
function toQueryError(error: unknown, source: string, toSourceOffset: (offset: number) => number): unknown {
  const { name, message, queryCompileError } = error as CompileError;
  switch (name) {
    case 'MalformedQueryException': {
      const offset = toSourceOffset(queryCompileError?.location?.startCharOffset ?? 0);
      return new InsightsError(source, offset, queryCompileError?.message ?? message);
    }
    case 'LimitExceededException':
    case 'ThrottlingException':
      return new InsightsBusy('as many Insights queries are running as the account may run: ask again', {
        cause: error,
      });
    default:
      return error;
  }
}

/** Of AWS's MalformedQueryException. */
interface CompileError extends Error {
  readonly queryCompileError?: {
    readonly message?: string;
    readonly location?: { readonly startCharOffset?: number };
  };
}
