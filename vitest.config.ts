import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'functions/**/*.test.ts', 'test/*.test.ts'],
    testTimeout: 30_000,
    // One worker for each core, and no fresh one for each file: tests share no state by design.
    maxWorkers: availableParallelism(),
    isolate: false,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'functions/*.ts'],
      exclude: ['**/*.test.ts', '**/*.bench.ts', '**/testing/**', 'packages/packs/src/demo/**'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: {
        lines: 90,
        'packages/{core,otlp,redaction,config,templates,promql,metrics,rules,alerting,audit}/src/**': {
          lines: 95,
        },
      },
    },
  },
});
