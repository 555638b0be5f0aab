/** What a pipeline must do, seen from outside: one list, run on every composition of the handlers. */
import { expect } from 'vitest';
import type { Pipeline } from './pipeline.ts';
import { AUDIT_SCENARIOS } from './scenarios/audit.ts';
import { DELIVERY_SCENARIOS } from './scenarios/delivery.ts';
import { FAULT_SCENARIOS } from './scenarios/faults.ts';
import { INGEST_SCENARIOS } from './scenarios/ingest.ts';
import { METRIC_SCENARIOS } from './scenarios/metrics.ts';
import type { Scenario } from './scenarios/scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...INGEST_SCENARIOS,
  ...METRIC_SCENARIOS,
  ...AUDIT_SCENARIOS,
  ...DELIVERY_SCENARIOS,
  ...FAULT_SCENARIOS,
];

/** `SLUICE_E2E_SEED` for the one that a failure has named. */
export const E2E_SEED = Number(process.env.SLUICE_E2E_SEED ?? 1);

/** @throws what the scenario throws, with the seed that led to it. */
export async function runScenario({ name, isRough, run }: Scenario, pipeline: Pipeline): Promise<void> {
  const before = pipeline.complaints().length;
  try {
    await run(pipeline);
    if (isRough !== true) expect(pipeline.complaints().slice(before)).toEqual([]);
  } catch (error) {
    const faults = JSON.stringify(pipeline.faults());
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `"${name}" on ${pipeline.name}, SLUICE_E2E_SEED=${pipeline.seed}, faults ${faults}: ${why}`,
      { cause: error },
    );
  }
}
