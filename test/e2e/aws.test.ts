/**
 * The functions as they are deployed, bundled and in processes of their own, over emulators of AWS that turn hostile:
 * the same list as local mode, and every call within what the role of its function may.
 */
import { afterAll, beforeAll, test } from 'vitest';
import { type CloudPipeline, startCloudPipeline } from './cloud-pipeline.ts';
import { E2E_SEED, runScenario, SCENARIOS } from './scenarios.ts';

let pipeline: CloudPipeline;
beforeAll(async () => {
  pipeline = await startCloudPipeline(E2E_SEED);
}, 120_000);
afterAll(() => pipeline[Symbol.asyncDispose]());

test.each(SCENARIOS)('$name', (scenario) => runScenario(scenario, pipeline));
