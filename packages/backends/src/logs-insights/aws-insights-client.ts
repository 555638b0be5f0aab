/** The Insights calls over the AWS SDK. */
import {
  type CloudWatchLogsClient,
  GetQueryResultsCommand,
  StartQueryCommand,
  StopQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { InsightsClient } from './insights-client.ts';

export function createAwsInsightsClient(client: Pick<CloudWatchLogsClient, 'send'>): InsightsClient {
  return {
    async startQuery({ logGroupNames, ...query }) {
      const { queryId } = await client.send(
        new StartQueryCommand({ ...query, logGroupNames: [...logGroupNames] }),
      );
      if (queryId === undefined) throw new Error('CloudWatch Logs: StartQuery answered without a query id');
      return queryId;
    },
    async getQueryResults(queryId) {
      const {
        status = 'Unknown',
        results = [],
        statistics,
      } = await client.send(new GetQueryResultsCommand({ queryId }));
      const { recordsMatched = 0, recordsScanned = 0, bytesScanned = 0 } = statistics ?? {};
      return {
        status,
        results: results.map((row) =>
          row.flatMap(({ field, value }) =>
            field === undefined || value === undefined ? [] : [{ field, value }],
          ),
        ),
        statistics: { recordsMatched, recordsScanned, bytesScanned },
      };
    },
    async stopQuery(queryId) {
      await client.send(new StopQueryCommand({ queryId }));
    },
  };
}
