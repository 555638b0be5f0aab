import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    // Far more than it takes: the machine may have other work.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    globalSetup: ['./global-setup.ts'],
    maxWorkers: 2,
  },
});
