/** A place and a reason; the parser stops at the first, and the message is the one Prometheus gives. */
import { QueryError } from '../query-error.ts';
import { formatPosition, type PositionRange } from './position.ts';

export class SyntaxFault extends Error {
  readonly position: PositionRange;

  constructor(position: PositionRange, message: string) {
    super(message);
    this.position = position;
  }
}

export function toQueryError(query: string, fault: SyntaxFault): QueryError {
  const { position, message } = fault;
  return new QueryError('bad_data', `${formatPosition(query, position)}: parse error: ${message}`, {
    position,
  });
}
