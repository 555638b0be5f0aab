/** What the fake CloudWatch Logs holds, and the one way in which it refuses: an error with a name. */
export interface StoredEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
}

export interface StoredStream {
  readonly name: string;
  readonly creationTime: number;
  readonly events: StoredEvent[];
}

export interface StoredGroup {
  readonly name: string;
  readonly logClass: 'STANDARD' | 'INFREQUENT_ACCESS' | 'DELIVERY';
  readonly creationTime: number;
  readonly streams: Map<string, StoredStream>;
  retentionInDays?: number;
  indexPolicy?: string;
}

export interface StoredQueryDefinition {
  readonly queryDefinitionId: string;
  readonly name: string;
  readonly queryString: string;
  readonly logGroupNames: readonly string[];
  readonly lastModified: number;
}

/** Row of a result: fields in order. */
export type QueryRow = readonly { readonly field: string; readonly value: string }[];

export interface QueryInput {
  readonly query: string;
  /** Events of the groups within the times, newest first, with group and stream. */
  readonly events: readonly (StoredEvent & { readonly group: string; readonly stream: string })[];
  readonly limit: number;
}

/** Evaluates Insights queries; a throw is a query that does not parse. */
export type RunQuery = (input: QueryInput) => readonly QueryRow[];

export interface StoredQuery {
  readonly rows: readonly QueryRow[];
  status: 'Scheduled' | 'Running' | 'Complete' | 'Cancelled';
}

export interface CloudWatchState {
  readonly groups: Map<string, StoredGroup>;
  readonly definitions: Map<string, StoredQueryDefinition>;
  readonly queries: Map<string, StoredQuery>;
  readonly nowMs: () => number;
  readonly runQuery: RunQuery;
}

/** As the service words it: the name in `__type`, the text in `message`. */
export class ServiceError extends Error {
  readonly status: number;
  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export function invalid(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message);
}

export function groupNamed(state: CloudWatchState, name: unknown): StoredGroup {
  const group = state.groups.get(String(name));
  if (group === undefined) {
    throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
  }
  return group;
}

export function streamNamed(group: StoredGroup, name: unknown): StoredStream {
  const stream = group.streams.get(String(name));
  if (stream === undefined) {
    throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
  }
  return stream;
}

/** A page of a list and the token of the next: tokens are the place in the list. */
export function page<T>(
  items: readonly T[],
  { token, limit, max }: { readonly token: unknown; readonly limit: unknown; readonly max: number },
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const size = limit === undefined ? max : Number(limit);
  if (!Number.isInteger(size) || size < 1 || size > max) {
    throw invalid(`1 validation error detected: limit must be between 1 and ${max}`);
  }
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start)) throw invalid('The specified nextToken is invalid.');
  const end = start + size;
  return { items: items.slice(start, end), ...(end < items.length ? { nextToken: String(end) } : {}) };
}
