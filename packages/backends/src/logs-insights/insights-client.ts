/** The calls of CloudWatch Logs Insights that Sluice makes, in the shapes of AWS's API reference. */
export interface InsightsClient {
  /** @throws an error named as AWS names it: MalformedQueryException, LimitExceededException, … */
  startQuery(query: StartInsightsQuery): Promise<string>;
  getQueryResults(queryId: string): Promise<InsightsQueryResults>;
  stopQuery(queryId: string): Promise<void>;
}

export interface StartInsightsQuery {
  readonly logGroupNames: readonly string[];
  readonly queryString: string;
  /** Unix seconds, both inclusive. */
  readonly startTime: number;
  readonly endTime: number;
  /** At most 10,000. */
  readonly limit: number;
}

export interface InsightsQueryResults {
  /** Scheduled, Running, Complete, Failed, Cancelled, Timeout or Unknown. */
  readonly status: string;
  readonly results: readonly (readonly { readonly field: string; readonly value: string }[])[];
  readonly statistics: {
    readonly recordsMatched: number;
    readonly recordsScanned: number;
    readonly bytesScanned: number;
  };
}
