import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  StartQueryCommand,
  StopQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { createAwsInsightsClient } from './aws-insights-client.ts';

const logs = new CloudWatchLogsClient({ region: 'eu-central-1' });
const aws = mockClient(logs);
const client = createAwsInsightsClient(logs);
const QUERY = { logGroupNames: ['app'], queryString: 'fields @message', startTime: 1, endTime: 2, limit: 10 };

beforeEach(() => {
  aws.reset();
});

test('a query is started and answers its id', async () => {
  aws.on(StartQueryCommand, QUERY).resolves({ queryId: 'q1' });
  expect(await client.startQuery(QUERY)).toBe('q1');
  aws.on(StartQueryCommand).resolves({});
  await expect(client.startQuery(QUERY)).rejects.toThrow('without a query id');
});

test('results are whole however little AWS fills in', async () => {
  aws.on(GetQueryResultsCommand, { queryId: 'q1' }).resolves({
    status: 'Complete',
    results: [[{ field: 'a', value: '1' }, { field: 'b' }], []],
    statistics: { recordsMatched: 2, recordsScanned: 5, bytesScanned: 100 },
  });
  expect(await client.getQueryResults('q1')).toEqual({
    status: 'Complete',
    results: [[{ field: 'a', value: '1' }], []],
    statistics: { recordsMatched: 2, recordsScanned: 5, bytesScanned: 100 },
  });
  aws.on(GetQueryResultsCommand).resolves({});
  expect(await client.getQueryResults('q2')).toEqual({
    status: 'Unknown',
    results: [],
    statistics: { recordsMatched: 0, recordsScanned: 0, bytesScanned: 0 },
  });
});

test('a query is stopped; errors keep their name', async () => {
  aws.on(StopQueryCommand, { queryId: 'q1' }).resolves({ success: true });
  await client.stopQuery('q1');
  expect(aws.commandCalls(StopQueryCommand)).toHaveLength(1);
  aws.on(StartQueryCommand).rejects(Object.assign(new Error('no'), { name: 'LimitExceededException' }));
  await expect(client.startQuery(QUERY)).rejects.toMatchObject({ name: 'LimitExceededException' });
});
