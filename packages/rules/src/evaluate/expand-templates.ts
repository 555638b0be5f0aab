/** Labels and annotations of alerts, as Prometheus expands them. Queries inside are awaited between two executions. */

import { describeError } from '@sluice/core/errors';
import { RestartSignal } from '@sluice/templates/execute-template';
import { GoMap } from '@sluice/templates/go-value';
import { prometheusFunctions, type TemplateSample } from '@sluice/templates/prometheus-functions';
import { createTemplateSet } from '@sluice/templates/template-set';

export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly value: number;
}

/** Instant query at the evaluation's time. */
export type TemplateQuery = (expression: string) => Promise<readonly TemplateSample[]>;

/** Stands before every text, as in Prometheus, so that places in messages are the same. */
const DEFINITIONS =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';
/** A template that asks more different queries than that is given up. */
const MAX_QUERIES = 100;

const unanswered = prometheusFunctions({
  query: () => {
    throw new RestartSignal('not executed');
  },
  externalUrl: '',
});
const templates = createTemplateSet({ functions: unanswered });

/** Why the text is no template; undefined when it is one. */
export function checkTemplate(text: string, name: string): string | undefined {
  try {
    templates.check(DEFINITIONS + text, name);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Never throws: what cannot be expanded becomes `<error expanding template: …>`, as in Prometheus. */
export async function expandTemplate(
  text: string,
  data: TemplateData,
  { name, query }: { readonly name: string; readonly query: TemplateQuery },
): Promise<string> {
  if (!text.includes('{{')) return text;
  const answers = new Map<string, readonly TemplateSample[] | Error>();
  let wanted: string | undefined;
  const functions = prometheusFunctions({
    externalUrl: data.externalUrl,
    query(expression) {
      const answer = answers.get(expression);
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer;
      wanted = expression;
      throw new RestartSignal(expression);
    },
  });
  const dot = {
    Labels: new GoMap(Object.entries(data.labels), { zero: '' }),
    ExternalLabels: new GoMap(Object.entries(data.externalLabels), { zero: '' }),
    ExternalURL: data.externalUrl,
    Value: data.value,
  };
  for (let round = 0; round <= MAX_QUERIES; round++) {
    try {
      return templates.render(DEFINITIONS + text, dot, { name, functions });
    } catch (error) {
      if (!(error instanceof RestartSignal) || wanted === undefined)
        return `<error expanding template: error executing template ${name}: ${describeError(error instanceof Error ? new Error(error.message) : error)}>`;
      const expression: string = wanted;
      answers.set(
        expression,
        await query(expression).catch((fault: unknown) =>
          fault instanceof Error ? fault : new Error(String(fault)),
        ),
      );
    }
  }
  return `<error expanding template: error executing template ${name}: more than ${MAX_QUERIES} queries>`;
}
