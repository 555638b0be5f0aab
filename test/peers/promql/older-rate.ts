/**
 * rate() and increase() as Prometheus 2.42 extrapolated them, computed from the samples of each window:
 * the distance to a counter's zero shortened the one to the border before that was found too long.
 */
import type { MatrixSelector } from '@sluice/promql/parse/ast';
import { printExpression } from '@sluice/promql/parse/print-expression';
import type { Ask } from './ask.ts';
import type { Answer } from './compare-answers.ts';
import { toPath } from './questions.ts';

interface Options {
  readonly isRate: boolean;
  /** Seconds. */
  readonly instants: readonly number[];
  /** Whether the answer to make is one of a range query. */
  readonly isRange: boolean;
  readonly ask: Ask;
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export async function extrapolatedBefore(
  range: MatrixSelector,
  { isRate, instants, isRange, ask }: Options,
): Promise<Answer> {
  const rangeSeconds = (range.range as { readonly value: number }).value;
  const { offset, at } = range.selector;
  const shift = (offset as { readonly value: number } | undefined)?.value ?? 0;
  const found = new Map<string, { metric: Record<string, string>; values: [number, string][] }>();
  for (const time of instants) {
    const { body } = await ask(toPath(printExpression(range), { kind: 'instant', time }));
    const end = (at?.kind === 'time' ? at.ms / 1000 : time) - shift;
    for (const { metric, values } of body.data!.result as RawSeries[]) {
      const increase = olderIncrease(values, { start: end - rangeSeconds, end });
      if (increase === undefined) continue;
      const { __name__: _, ...labels } = metric;
      const key = JSON.stringify(metric);
      const series = found.get(key) ?? { metric: labels, values: [] };
      found.set(key, series);
      series.values.push([time, String(isRate ? increase / rangeSeconds : increase)]);
    }
  }
  const result = [...found.values()].map(({ metric, values }) =>
    isRange ? { metric, values } : { metric, value: values[0] },
  );
  const resultType = isRange ? 'matrix' : 'vector';
  return { status: 200, body: { status: 'success', data: { resultType, result } } };
}

function olderIncrease(
  samples: RawSeries['values'],
  { start, end }: { readonly start: number; readonly end: number },
): number | undefined {
  if (samples.length < 2) return undefined;
  // Whole milliseconds: differences of seconds since 1970 lose digits.
  const times = samples.map(([time]) => Math.round(time * 1000));
  const values = samples.map(([, text]) => Number(text));
  let increase = values.at(-1)! - values[0]!;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) increase += values[i - 1]!;
  const sampled = times.at(-1)! - times[0]!;
  const average = sampled / (times.length - 1);
  let before = times[0]! - Math.round(start * 1000);
  if (increase > 0 && values[0]! >= 0) before = Math.min(before, sampled * (values[0]! / increase));
  const after = Math.round(end * 1000) - times.at(-1)!;
  const reach = (gap: number): number => (gap < average * 1.1 ? gap : average / 2);
  return increase * ((sampled + reach(before) + reach(after)) / sampled);
}
