import { afterAll, beforeAll, test } from 'vitest';
import { startLocalPipeline } from './local-pipeline.ts';
import type { Pipeline } from './pipeline.ts';
import { E2E_SEED, runScenario, SCENARIOS } from './scenarios.ts';

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startLocalPipeline(E2E_SEED);
});
afterAll(() => pipeline[Symbol.asyncDispose]());

test.each(SCENARIOS)('$name', (scenario) => runScenario(scenario, pipeline));
