/** The reading operations of the fake CloudWatch Logs: descriptions, events, and Insights queries by a given engine. */
import { randomUUID } from 'node:crypto';
import {
  type CloudWatchState,
  groupNamed,
  invalid,
  page,
  type QueryInput,
  type RunQuery,
  ServiceError,
  type StoredGroup,
  streamNamed,
} from './cloudwatch-state.ts';

type Input = Readonly<Record<string, unknown>>;

const MAX_QUERY_ROWS = 10_000;

export function describeLogGroups(state: CloudWatchState, input: Input): object {
  const prefix = String(input.logGroupNamePrefix ?? '');
  const groups = sortedBy([...state.groups.values()], ({ name }) => name).filter(({ name }) =>
    name.startsWith(prefix),
  );
  const { items, nextToken } = page(groups, { token: input.nextToken, limit: input.limit, max: 50 });
  const logGroups = items.map(({ name, logClass, creationTime, retentionInDays }) => ({
    logGroupName: name,
    logGroupClass: logClass,
    creationTime,
    ...(retentionInDays === undefined ? {} : { retentionInDays }),
  }));
  return { logGroups, ...(nextToken === undefined ? {} : { nextToken }) };
}

export function describeLogStreams(state: CloudWatchState, input: Input): object {
  const group = groupNamed(state, input.logGroupName);
  const prefix = String(input.logStreamNamePrefix ?? '');
  const streams = sortedBy([...group.streams.values()], ({ name }) => name).filter(({ name }) =>
    name.startsWith(prefix),
  );
  const { items, nextToken } = page(streams, { token: input.nextToken, limit: input.limit, max: 50 });
  const logStreams = items.map(({ name, creationTime, events }) => ({
    logStreamName: name,
    creationTime,
    ...(events.length === 0
      ? {}
      : {
          firstEventTimestamp: Math.min(...events.map(({ timestamp }) => timestamp)),
          lastEventTimestamp: Math.max(...events.map(({ timestamp }) => timestamp)),
        }),
  }));
  return { logStreams, ...(nextToken === undefined ? {} : { nextToken }) };
}

export function describeIndexPolicies(state: CloudWatchState, input: Input): object {
  const names = input.logGroupIdentifiers as readonly unknown[];
  const indexPolicies = names
    .map((name) => groupNamed(state, name))
    .flatMap(({ name, indexPolicy }) =>
      indexPolicy === undefined ? [] : [{ logGroupIdentifier: name, policyDocument: indexPolicy }],
    );
  return { indexPolicies };
}

export function describeQueryDefinitions(state: CloudWatchState, input: Input): object {
  const prefix = String(input.queryDefinitionNamePrefix ?? '');
  const known = sortedBy([...state.definitions.values()], ({ name }) => name).filter(({ name }) =>
    name.startsWith(prefix),
  );
  const { items, nextToken } = page(known, { token: input.nextToken, limit: input.maxResults, max: 1000 });
  return { queryDefinitions: items, ...(nextToken === undefined ? {} : { nextToken }) };
}

export function getLogEvents(state: CloudWatchState, input: Input): object {
  const group = readable(groupNamed(state, input.logGroupName));
  const { events } = streamNamed(group, input.logStreamName);
  const found = sortedBy(events, ({ timestamp }) => timestamp).filter(isBetween(input));
  const { items, nextToken } = page(found, { token: input.nextToken, limit: input.limit, max: 10_000 });
  // The end of the stream is told by the same token coming back.
  return { events: items, nextForwardToken: nextToken ?? String(input.nextToken ?? found.length) };
}

export function filterLogEvents(state: CloudWatchState, input: Input): object {
  const group = readable(groupNamed(state, input.logGroupName));
  const pattern = String(input.filterPattern ?? '').replaceAll('"', '');
  const prefix = String(input.logStreamNamePrefix ?? '');
  const found = sortedBy(
    [...group.streams.values()]
      .filter(({ name }) => name.startsWith(prefix))
      .flatMap(({ name, events }) => events.map((event) => ({ ...event, logStreamName: name }))),
    ({ timestamp }) => timestamp,
  ).filter((event) => isBetween(input)(event) && event.message.includes(pattern));
  const { items, nextToken } = page(found, { token: input.nextToken, limit: input.limit, max: 10_000 });
  return { events: items, searchedLogStreams: [], ...(nextToken === undefined ? {} : { nextToken }) };
}

export function startQuery(state: CloudWatchState, input: Input): object {
  const { logGroupName, logGroupNames, logGroupIdentifiers, startTime, endTime, limit = 1000 } = input;
  const names = (logGroupNames ?? logGroupIdentifiers ?? [logGroupName]) as readonly unknown[];
  if (names.length < 1 || names.length > 50) throw invalid('1 to 50 log groups can be queried');
  const groups = names.map((name) => groupNamed(state, name));
  const [start, end] = [Number(startTime), Number(endTime)];
  if (!Number.isInteger(start) || !Number.isInteger(end) || start > end)
    throw invalid('startTime and endTime must be whole seconds in order');
  if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > MAX_QUERY_ROWS) {
    throw invalid(`limit must be between 1 and ${MAX_QUERY_ROWS}`);
  }
  const events = groups
    .flatMap(({ name: group, streams }) =>
      [...streams.values()].flatMap(({ name: stream, events: own }) =>
        own.map((event) => ({ ...event, group, stream })),
      ),
    )
    .filter(({ timestamp }) => timestamp >= start * 1000 && timestamp < (end + 1) * 1000)
    .sort((a, b) => b.timestamp - a.timestamp);
  const queryId = randomUUID();
  state.queries.set(queryId, {
    rows: evaluate(state, { query: String(input.queryString ?? ''), events, limit: Number(limit) }),
    status: 'Scheduled',
  });
  return { queryId };
}

/** A query passes through its states from poll to poll. */
export function getQueryResults(state: CloudWatchState, input: Input): object {
  const query = queryNamed(state, input.queryId);
  const { status, rows } = query;
  if (status === 'Scheduled') query.status = 'Running';
  else if (status === 'Running') query.status = 'Complete';
  return {
    status,
    results: status === 'Complete' ? rows : [],
    statistics: { recordsMatched: rows.length, recordsScanned: rows.length, bytesScanned: 0 },
  };
}

export function stopQuery(state: CloudWatchState, input: Input): object {
  const query = queryNamed(state, input.queryId);
  if (query.status === 'Complete' || query.status === 'Cancelled')
    throw invalid(`Query has already ended with a status: ${query.status}`);
  query.status = 'Cancelled';
  return { success: true };
}

/** What a query without an engine gives: the events themselves, as `fields @timestamp, @message` does. */
export const listEvents: RunQuery = ({ events, limit }) =>
  events.slice(0, limit).map(({ timestamp, message, group, stream }, i) => [
    { field: '@timestamp', value: new Date(timestamp).toISOString().replace('T', ' ').replace('Z', '') },
    { field: '@message', value: message },
    { field: '@logStream', value: stream },
    { field: '@ptr', value: Buffer.from(`${group}\n${stream}\n${i}`).toString('base64') },
  ]);

function evaluate({ runQuery }: CloudWatchState, input: QueryInput): ReturnType<RunQuery> {
  if (input.query.length < 1 || input.query.length > 10_000)
    throw invalid('queryString must have 1 to 10000 characters');
  try {
    return runQuery(input);
  } catch (error) {
    throw new ServiceError('MalformedQueryException', (error as Error).message);
  }
}

function queryNamed({ queries }: CloudWatchState, id: unknown) {
  const query = queries.get(String(id));
  if (query === undefined) throw new ServiceError('ResourceNotFoundException', 'Query does not exist');
  return query;
}

/** GetLogEvents and FilterLogEvents are not for the infrequent access class (User Guide § Log classes). */
function readable(group: StoredGroup): StoredGroup {
  if (group.logClass !== 'STANDARD')
    throw invalid(`The operation is not supported for class ${group.logClass}.`);
  return group;
}

function isBetween({ startTime, endTime }: Input): (event: { readonly timestamp: number }) => boolean {
  const from = startTime === undefined ? Number.NEGATIVE_INFINITY : Number(startTime);
  const to = endTime === undefined ? Number.POSITIVE_INFINITY : Number(endTime);
  return ({ timestamp }) => timestamp >= from && timestamp < to;
}

function sortedBy<T>(items: readonly T[], keyOf: (item: T) => string | number): readonly T[] {
  return [...items].sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}
