/**
 * Error queries that count good events. Such an SLO reports a ratio near its objective where errors should
 * be, burns its budget hundreds of times over and pages at once, or, worse, is read as sound.
 */
import { METRIC_NAME } from '@sluice/promql/model/labels';
import type { VectorSelector } from '@sluice/promql/parse/ast';
import { parseExpression } from '@sluice/promql/parse/parse-expression';
import { walkExpression } from './walk-expression.ts';

const STATUS_LABEL =
  /^(http_?)?(response_?)?(status|code|status_code|grpc_code|http_status_code|http_response_status_code)$/;

/** Why the query seems to count good events; undefined when it does not. Both queries have their window filled in. */
export function findInversion(errorQuery: string, totalQuery: string): string | undefined {
  const parts = [...walkExpression(parseExpression(errorQuery))];
  // Good events taken from all are bad ones.
  if (parts.some((part) => part.kind === 'binary' && (part.operator === '-' || part.operator === 'unless')))
    return undefined;
  const selectors = parts.filter((part) => part.kind === 'vector-selector');
  const totals = [...walkExpression(parseExpression(totalQuery))].filter(
    (part) => part.kind === 'vector-selector',
  );
  for (const selector of selectors) {
    const found = fastBucket(selector, totals) ?? goodStatus(selector);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fastBucket(selector: VectorSelector, totals: readonly VectorSelector[]): string | undefined {
  const name = nameOf(selector);
  const bound = selector.matchers.find(({ name: label, operator }) => label === 'le' && operator === '=');
  if (!name.endsWith('_bucket') || bound === undefined || bound.value === '+Inf') return undefined;
  const base = name.slice(0, -'_bucket'.length);
  if (!totals.some((total) => nameOf(total) === `${base}_count` || nameOf(total) === name)) return undefined;
  return `${name}{le="${bound.value}"} counts the requests that were fast enough, not those that were too slow`;
}

function goodStatus(selector: VectorSelector): string | undefined {
  const status = selector.matchers.filter(({ name }) => STATUS_LABEL.test(name));
  if (status.length === 0) return undefined;
  const takes = (value: string): boolean => status.every((matcher) => matcher.matches(value));
  if (!takes('200') || takes('500') || takes('503')) return undefined;
  const shown = status.map(({ name, operator, value }) => `${name}${operator}"${value}"`).join(', ');
  return `${shown} selects the requests that went well`;
}

function nameOf({ name, matchers }: VectorSelector): string {
  return (
    name ||
    (matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.operator === '=')?.value ?? '')
  );
}
