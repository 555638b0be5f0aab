/**
 * Compensated summation (Kahan, with Neumaier's improvement): what rounding loses at each step is kept
 * aside and added at the end. Used wherever Prometheus uses it, so that sums agree to the last digits.
 */
export interface KahanSum {
  sum: number;
  compensation: number;
}

export function kahanAdd(state: KahanSum, value: number): void {
  const { sum } = state;
  const next = sum + value;
  if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) state.compensation = 0;
  else if (Math.abs(sum) >= Math.abs(value)) state.compensation += sum - next + value;
  else state.compensation += value - next + sum;
  state.sum = next;
}

/** What one addition loses; for sums kept in columns. Zero when the sum overflows (see `kahanAdd`). */
export function lostBy(sum: number, value: number, next: number): number {
  return Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
}
