import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 30_000,
    // Most of the time is spent waiting; every pipeline has ports and a data directory of its own.
    maxWorkers: 3,
  },
});
