import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalProcess, removeDataDir, startLocalProcess } from './local-process.ts';
import { SCENARIOS } from './scenarios.ts';

let pipeline: LocalProcess;
beforeAll(async () => {
  pipeline = await startLocalProcess();
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
  removeDataDir(pipeline.dataDir);
});

test.each(SCENARIOS)('$name', async ({ run }) => {
  await run(pipeline);
  expect(pipeline.errors).toEqual([]);
});
