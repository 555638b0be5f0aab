/** The writing operations of the fake CloudWatch Logs, with the limits of the API Reference and no mercy. */
import { randomUUID } from 'node:crypto';
import {
  type CloudWatchState,
  groupNamed,
  invalid,
  ServiceError,
  type StoredEvent,
  streamNamed,
} from './cloudwatch-state.ts';

type Input = Readonly<Record<string, unknown>>;

const DAY_MS = 86_400_000;
const LIMITS = { batchBytes: 1_048_576, eventBytes: 1_048_576, overheadBytes: 26, events: 10_000 } as const;
const CLASSES = ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'] as const;
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]; // prettier-ignore

export function createLogGroup(state: CloudWatchState, input: Input): object {
  const name = String(input.logGroupName ?? '');
  if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name))
    throw invalid(`Value '${name}' at 'logGroupName' failed to satisfy constraint`);
  const logClass = CLASSES.find((known) => known === (input.logGroupClass ?? 'STANDARD'));
  if (logClass === undefined)
    throw invalid(`Value '${input.logGroupClass}' at 'logGroupClass' is not allowed`);
  if (state.groups.has(name)) {
    throw new ServiceError('ResourceAlreadyExistsException', 'The specified log group already exists');
  }
  state.groups.set(name, { name, logClass, creationTime: state.nowMs(), streams: new Map() });
  return {};
}

export function createLogStream(state: CloudWatchState, input: Input): object {
  const group = groupNamed(state, input.logGroupName);
  const name = String(input.logStreamName ?? '');
  if (!/^[^:*]{1,512}$/.test(name))
    throw invalid(`Value '${name}' at 'logStreamName' failed to satisfy constraint: [^:*]*`);
  if (group.streams.has(name)) {
    throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists');
  }
  group.streams.set(name, { name, creationTime: state.nowMs(), events: [] });
  return {};
}

export function putRetentionPolicy(state: CloudWatchState, input: Input): object {
  const group = groupNamed(state, input.logGroupName);
  const days = Number(input.retentionInDays);
  if (!RETENTION_DAYS.includes(days))
    throw invalid(`Invalid retention value. Valid values are: [${RETENTION_DAYS}]`);
  group.retentionInDays = days;
  return {};
}

export function putLogEvents(state: CloudWatchState, input: Input): object {
  const group = groupNamed(state, input.logGroupName);
  const stream = streamNamed(group, input.logStreamName);
  const events = input.logEvents as readonly { readonly timestamp?: unknown; readonly message?: unknown }[];
  if (!Array.isArray(events) || events.length < 1 || events.length > LIMITS.events) {
    throw invalid(
      `1 validation error detected: 'logEvents' must have 1 to ${LIMITS.events} members, not ${events?.length}`,
    );
  }
  let bytes = 0;
  const now = state.nowMs();
  const parsed = events.map(({ timestamp, message }, i): StoredEvent => {
    if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp) || timestamp < 0) {
      throw invalid(`Value '${timestamp}' at 'logEvents.${i + 1}.member.timestamp' is not a time`);
    }
    if (typeof message !== 'string' || message === '')
      throw invalid(`Log event ${i} has no message: minimum length is 1`);
    const size = Buffer.byteLength(message) + LIMITS.overheadBytes;
    if (size > LIMITS.eventBytes)
      throw invalid(`Log event too large: ${size} bytes exceeds limit of ${LIMITS.eventBytes}`);
    bytes += size;
    return { timestamp, message, ingestionTime: now };
  });
  if (bytes > LIMITS.batchBytes) {
    throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${LIMITS.batchBytes}`);
  }
  if (parsed.some(({ timestamp }, i) => i > 0 && timestamp < parsed[i - 1]!.timestamp)) {
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
  }
  const oldest = now - 14 * DAY_MS;
  const expiry = now - (group.retentionInDays ?? 10_000) * DAY_MS;
  const tooOld = parsed.filter(({ timestamp }) => timestamp < oldest).length;
  const expired = parsed.filter(({ timestamp }) => timestamp < expiry).length;
  const tooNew = parsed.findIndex(({ timestamp }) => timestamp > now + 2 * 3_600_000);
  const end = tooNew < 0 ? parsed.length : tooNew;
  const valid = parsed.slice(Math.max(tooOld, expired), end);
  if (valid.length > 0 && valid.at(-1)!.timestamp - valid[0]!.timestamp > DAY_MS) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
  stream.events.push(...valid);
  const rejected = {
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
    ...(tooNew >= 0 ? { tooNewLogEventStartIndex: tooNew } : {}),
  };
  return Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected };
}

export function putIndexPolicy(state: CloudWatchState, input: Input): object {
  const group = groupNamed(state, input.logGroupIdentifier);
  if (group.logClass !== 'STANDARD') {
    throw invalid('Field index policies are supported only for log groups in the Standard log class.');
  }
  const document = String(input.policyDocument ?? '');
  const { Fields: fields, ...rest } = parseObject(document);
  const isSound =
    Array.isArray(fields) &&
    fields.length >= 1 &&
    fields.length <= 20 &&
    new Set(fields).size === fields.length &&
    fields.every((field) => typeof field === 'string' && field.length >= 1 && field.length <= 100);
  if (!isSound || Object.keys(rest).length > 0) throw invalid('The policy document is not valid.');
  group.indexPolicy = document;
  return {
    indexPolicy: { logGroupIdentifier: group.name, policyDocument: document, lastUpdateTime: state.nowMs() },
  };
}

export function putQueryDefinition(state: CloudWatchState, input: Input): object {
  const { name, queryString, logGroupNames = [], queryDefinitionId } = input;
  if (typeof name !== 'string' || name.length < 1 || name.length > 255)
    throw invalid("'name' must have 1 to 255 characters");
  if (typeof queryString !== 'string' || queryString.length < 1 || queryString.length > 10_000) {
    throw invalid("'queryString' must have 1 to 10000 characters");
  }
  if (!Array.isArray(logGroupNames) || logGroupNames.length > 50)
    throw invalid('at most 50 log groups are allowed');
  if (queryDefinitionId !== undefined && !state.definitions.has(String(queryDefinitionId))) {
    throw new ServiceError('ResourceNotFoundException', 'The specified query definition does not exist.');
  }
  const id = queryDefinitionId === undefined ? randomUUID() : String(queryDefinitionId);
  const lastModified = state.nowMs();
  state.definitions.set(id, { queryDefinitionId: id, name, queryString, logGroupNames, lastModified });
  return { queryDefinitionId: id };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
