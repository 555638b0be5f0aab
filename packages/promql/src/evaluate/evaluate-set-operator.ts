/** and, or, unless: whether a series of one side has a partner on the other, step by step. */
import type { BinaryExpr } from '../parse/ast.ts';
import { signatureOf } from './match-signature.ts';
import type { Evaluation } from './query-context.ts';
import {
  ABSENT,
  copyCell,
  createStepSeries,
  isEmptySeries,
  mergeSameLabels,
  type StepSeries,
} from './step-series.ts';

export function evaluateSetOperator(
  { operator, matching }: BinaryExpr,
  { left, right }: { left: readonly StepSeries[]; right: readonly StepSeries[] },
  { grid }: Evaluation,
): StepSeries[] {
  const signature = signatureOf(matching);
  if (operator === 'or') {
    const present = presence(left, signature, grid.count);
    const added = filterBy(right, (key) => present.get(key), { signature, keepsPresent: false });
    const union = [...left, ...added];
    return grid.count === 1 ? union : mergeSameLabels(union);
  }
  const present = presence(right, signature, grid.count);
  return filterBy(left, (key) => present.get(key), { signature, keepsPresent: operator === 'and' });
}

/** By signature: at which steps any series has a value. */
function presence(
  series: readonly StepSeries[],
  signature: (labels: StepSeries['labels']) => string,
  count: number,
): Map<string, Uint8Array> {
  const present = new Map<string, Uint8Array>();
  for (const { labels, kinds } of series) {
    const key = signature(labels);
    let steps = present.get(key);
    if (!steps) {
      steps = new Uint8Array(count);
      present.set(key, steps);
    }
    for (let step = 0; step < count; step++) if (kinds[step] !== ABSENT) steps[step] = 1;
  }
  return present;
}

function filterBy(
  series: readonly StepSeries[],
  presentFor: (key: string) => Uint8Array | undefined,
  { signature, keepsPresent }: { signature: (labels: StepSeries['labels']) => string; keepsPresent: boolean },
): StepSeries[] {
  const result: StepSeries[] = [];
  for (const candidate of series) {
    const steps = presentFor(signature(candidate.labels));
    if (!steps) {
      if (!keepsPresent) result.push(candidate);
      continue;
    }
    const out = createStepSeries(candidate.labels, candidate.kinds.length, candidate.dropName);
    for (let step = 0; step < steps.length; step++) {
      if ((steps[step] === 1) === keepsPresent) copyCell(candidate, out, step);
    }
    if (!isEmptySeries(out)) result.push(out);
  }
  return result;
}
