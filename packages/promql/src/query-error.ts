/**
 * Errors of a query, by the types of the Prometheus HTTP API: what it puts in `errorType`, and from which
 * its status follows (bad_data 400, execution 422, canceled and timeout 503, internal 500).
 */
import { PermanentError } from '@sluice/core/errors';
import type { PositionRange } from './parse/position.ts';

export type QueryErrorKind = 'bad_data' | 'execution' | 'canceled' | 'timeout' | 'internal';

export class QueryError extends PermanentError {
  readonly kind: QueryErrorKind;
  /** The part of the expression that is at fault, where one is. */
  readonly position: PositionRange | undefined;

  constructor(kind: QueryErrorKind, message: string, options?: ErrorOptions & { position?: PositionRange }) {
    super(message, options);
    this.kind = kind;
    this.position = options?.position;
  }
}

/** Fails the evaluation with Prometheus' error type for evaluations. */
export function failExecution(message: string): never {
  throw new QueryError('execution', message);
}
