/** Queries of an SLI: that they are PromQL over `{{.window}}`, and that they count what they say. */

import { valueTypeOf } from '@sluice/promql/parse/ast';
import { parseExpression } from '@sluice/promql/parse/parse-expression';
import { QueryError } from '@sluice/promql/query-error';
import type { Sli } from '../slo.ts';
import type { Located } from './either-casing.ts';
import { findInversion } from './find-inversion.ts';
import { widenFixedWindow } from './widen-fixed-window.ts';
import { hasOtherActions, hasWindow, renderProbe } from './window-variable.ts';

/** Codes of the warnings, for those who look them up. */
export const SLO_LINT = { inverted: 'E4', fixedWindow: 'E5', noAlerting: 'S1' } as const;

/** The query with its window; undefined after a report. */
export function checkQuery({ value: query, node }: Located<string>): string | undefined {
  const refuse = (message: string): undefined => void node.report(message);
  if (hasOtherActions(query)) return refuse('{{.window}} is the only variable that a query may have');
  try {
    const type = valueTypeOf(parseExpression(renderProbe(query)));
    if (type !== 'vector' && type !== 'scalar') return refuse(`the query gives a ${type}, not a vector`);
    if (hasWindow(query)) return query;
    const widened = widenFixedWindow(query);
    if (widened === undefined)
      return refuse('the query must have [{{.window}}] where its range is: it is asked for several windows');
    node.report(
      `the fixed window [${widened.window}] would stand for every window; it is read as [{{.window}}]`,
      { severity: 'warning', code: SLO_LINT.fixedWindow },
    );
    return widened.query;
  } catch (error) {
    const index = error instanceof QueryError ? error.position?.start : undefined;
    node.report(
      `could not parse the query: ${error instanceof Error ? error.message : String(error)}`,
      index === undefined ? {} : { index },
    );
    return undefined;
  }
}

export interface CheckedSli {
  readonly sli: Sli;
  readonly quarantine: string | undefined;
}

/** `isInverted`: somebody has said that the error query counts good events. */
export function checkEvents(
  error: Located<string>,
  total: Located<string>,
  { isInverted }: { readonly isInverted: boolean },
): CheckedSli | undefined {
  const errorQuery = checkQuery(error);
  const totalQuery = checkQuery(total);
  if (errorQuery === undefined || totalQuery === undefined) return undefined;
  if (errorQuery.trim() === totalQuery.trim()) {
    error.node.report('the queries for bad and for all events must not be the same');
    return undefined;
  }
  if (isInverted) return { sli: invert(errorQuery, totalQuery), quarantine: undefined };
  const reason = findInversion(renderProbe(errorQuery), renderProbe(totalQuery));
  if (reason !== undefined)
    error.node.report(
      `the query for bad events counts good ones: ${reason}. The SLO is in quarantine: "sluice slo fix" corrects the file, "invert: true" for it in sluice.yml reads it as meant`,
      { severity: 'warning', code: SLO_LINT.inverted },
    );
  return { sli: { kind: 'events', errorQuery, totalQuery }, quarantine: reason };
}

/** Bad events as all less the good ones. */
export function invert(goodQuery: string, totalQuery: string): Sli {
  return {
    kind: 'events',
    errorQuery: `(${totalQuery.trim()}) - (${goodQuery.trim()})`,
    totalQuery,
  };
}
