/**
 * The envelope of Prometheus' HTTP API: `status`, `data`, `errorType`, `error`, `warnings`, `infos`, and
 * the HTTP status of each kind of error (Prometheus documentation, HTTP API § Format overview).
 */
import { QueryError, type QueryErrorKind } from '@sluice/promql/query-error';

export type ApiErrorKind = QueryErrorKind | 'not_found' | 'unavailable';

const HTTP_STATUS: Readonly<Record<ApiErrorKind, number>> = {
  bad_data: 400,
  not_found: 404,
  execution: 422,
  // The client is not there any more; nginx' number for it, as Prometheus 3 has it.
  canceled: 499,
  internal: 500,
  timeout: 503,
  unavailable: 503,
};

/** A refusal with the words that the client is shown. */
export class ApiError extends Error {
  readonly kind: ApiErrorKind;

  constructor(kind: ApiErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Prometheus shows so many of each, and how many more there are. */
const MAX_NOTES = 10;

export interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** `data` is JSON text: large results are written without an object for each sample. */
export function answerText(data: string, { warnings = [], infos = [] }: Notes = {}): Response {
  const notes = renderNotes('warning', warnings) + renderNotes('info', infos);
  return new Response(`{"status":"success","data":${data}${notes}}`, { headers: JSON_TYPE });
}

function renderNotes(kind: 'warning' | 'info', texts: readonly string[]): string {
  if (texts.length === 0) return '';
  const more = texts.length - MAX_NOTES;
  const shown = texts.slice(0, MAX_NOTES);
  if (more > 0) shown.push(`${more} more ${kind} annotations omitted`);
  return `,"${kind}s":${JSON.stringify(shown)}`;
}

export function answer(data: unknown, notes: Notes = {}): Response {
  return answerText(JSON.stringify(data), notes);
}

/** The answer to a refusal; undefined for an error that is not the request's. */
export function answerError(error: unknown): Response | undefined {
  if (!(error instanceof ApiError) && !(error instanceof QueryError)) return undefined;
  return answerFault(HTTP_STATUS[error.kind], error.kind, error.message);
}

/** Kinds of the server around the API; Prometheus answers those in plain text. */
export type FaultKind = ApiErrorKind | 'unauthorized' | 'forbidden';

export function answerFault(
  status: number,
  errorType: FaultKind,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify({ status: 'error', errorType, error });
  return new Response(body, { status, headers: { ...JSON_TYPE, ...headers } });
}
