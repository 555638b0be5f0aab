/**
 * Queries written for one fixed window, `rate(x[5m])`, into Sloth's form, `rate(x[{{.window}}])`: without it
 * every burn rate would be that of the same five minutes.
 */
import type { Duration } from '@sluice/promql/parse/ast';
import { formatDuration } from '@sluice/promql/parse/duration-text';
import { parseExpression } from '@sluice/promql/parse/parse-expression';
import { walkExpression } from './walk-expression.ts';

export interface WidenedQuery {
  readonly query: string;
  /** What stood there: `5m`. */
  readonly window: string;
}

/** Undefined unless all ranges are the same. @throws QueryError */
export function widenFixedWindow(query: string): WidenedQuery | undefined {
  const ranges: Duration[] = [];
  for (const part of walkExpression(parseExpression(query)))
    if (part.kind === 'matrix-selector' || part.kind === 'subquery') ranges.push(part.range);
  const [first] = ranges;
  if (first?.kind !== 'number') return undefined;
  if (!ranges.every((range) => range.kind === 'number' && range.value === first.value)) return undefined;
  let widened = query;
  for (const { position } of [...ranges].sort((a, b) => b.position.start - a.position.start))
    widened = `${widened.slice(0, position.start)}{{.window}}${widened.slice(position.end)}`;
  return { query: widened, window: formatDuration(first.value * 1000) };
}
