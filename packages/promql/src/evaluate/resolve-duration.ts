/** Durations of an expression in milliseconds, once start, end and step of the query are known. */
import type { Duration } from '../parse/ast.ts';
import { QueryError } from '../query-error.ts';
import type { QueryTimes } from './query-context.ts';

const MAX_SECONDS = 2 ** 63 / 1e9;

/** `mayBeNegative`: an offset. Throws `bad_data` as Prometheus does for a duration that makes no sense. */
export function resolveDuration(
  duration: Duration,
  times: QueryTimes,
  { mayBeNegative = false }: { mayBeNegative?: boolean } = {},
): number {
  if (duration.kind === 'number') return Math.trunc(Math.round(duration.value * 1e9) / 1e6) + 0;
  const seconds = evaluate(duration, times);
  const fail = (message: string): never => failAt(duration, message);
  if (!Number.isFinite(seconds)) fail('duration is NaN or infinite');
  if (seconds <= 0 && !mayBeNegative) fail('duration must be greater than 0');
  if (Math.abs(seconds) > MAX_SECONDS) fail('duration is out of range');
  return Math.trunc(seconds * 1000) + 0;
}

function evaluate(duration: Duration, times: QueryTimes): number {
  if (duration.kind === 'number') return duration.value;
  const { operator } = duration;
  const left = duration.left ? evaluate(duration.left, times) : undefined;
  const right = duration.right ? evaluate(duration.right, times) : 0;
  switch (operator) {
    case 'step':
      return times.stepMs / 1000;
    case 'range':
      return (times.endMs - times.startMs) / 1000;
    case 'min_of':
      return Math.min(left ?? 0, right);
    case 'max_of':
      return Math.max(left ?? 0, right);
    case '+':
      return (left ?? 0) + right;
    case '-':
      return (left ?? 0) - right;
    case '*':
      return (left ?? 0) * right;
    case '/':
      if (right === 0) failAt(duration, 'division by zero');
      return (left ?? 0) / right;
    case '%':
      if (right === 0) failAt(duration, 'modulo by zero');
      return (left ?? 0) % right;
    case '^':
      return (left ?? 0) ** right;
  }
}

function failAt({ position }: Duration, message: string): never {
  throw new QueryError('bad_data', `${position.start}:${position.end}: ${message}`, { position });
}
