/** Functions by the names they had in Prometheus 2. */
import type { Ask } from './ask.ts';
import type { Answer } from './compare-answers.ts';
import { type Times, toPath } from './questions.ts';

export function toOlderNames(query: string): string {
  return query.replaceAll('double_exponential_smoothing', 'holt_winters');
}

export function askOlder(ask: Ask, query: string, times: Times): Promise<Answer> {
  return ask(toPath(toOlderNames(query), times));
}
