/** Runs cases one after the other against a target and says of each whether it held. */
import { describeError } from '@sluice/core/errors';
import type { ConformanceCase, Skipped, Theme } from './conformance-case.ts';
import type { Target } from './target.ts';

export interface CaseResult {
  readonly theme: string;
  readonly name: string;
  readonly basis: ConformanceCase['basis'];
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason?: string;
  readonly durationMs: number;
}

export interface RunOptions {
  /** Only cases whose theme or name holds this, in any case of letters. */
  readonly only?: string;
  /** Only what OTLP and HTTP demand. */
  readonly specOnly?: boolean;
  readonly onResult?: (result: CaseResult) => void;
}

const CASE_TIMEOUT_MS = 60_000;

export async function runSuite(
  themes: readonly Theme[],
  target: Target,
  { only = '', specOnly = false, onResult }: RunOptions = {},
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  const word = only.toLowerCase();
  for (const theme of themes) {
    for (const one of theme.cases) {
      if (!`${theme.name} ${one.name}`.toLowerCase().includes(word)) continue;
      if (specOnly && one.basis !== 'spec') continue;
      // Such a case speaks of the other kind of endpoint: there is nothing here that it could be about.
      if (one.only !== undefined && (one.only === 'keyed') !== target.keyed) continue;
      const result = await runCase(theme.name, one, target);
      results.push(result);
      onResult?.(result);
    }
  }
  return results;
}

async function runCase(theme: string, one: ConformanceCase, target: Target): Promise<CaseResult> {
  const startedAt = performance.now();
  const common = { theme, name: one.name, basis: one.basis };
  try {
    const outcome = await withTimeout<unknown>(one.run(target));
    const durationMs = performance.now() - startedAt;
    return isSkipped(outcome)
      ? { ...common, status: 'skipped', reason: outcome.skipped, durationMs }
      : { ...common, status: 'passed', durationMs };
  } catch (error) {
    return {
      ...common,
      status: 'failed',
      reason: describeError(error),
      durationMs: performance.now() - startedAt,
    };
  }
}

function isSkipped(outcome: unknown): outcome is Skipped {
  return typeof outcome === 'object' && outcome !== null && 'skipped' in outcome;
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no verdict in ${CASE_TIMEOUT_MS} ms`)), CASE_TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
