/** The table of cold starts in docs/deploy.md: size of each bundle, and the median of 20 imports of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Bench, Figure } from '@sluice/core/testing/bench';
import { DOORS } from '../aws/bundle-door.ts';
import { BUDGETS, bundleForColdStart, importOnce, kilobytesOf } from '../aws/cold-start.ts';

const IMPORTS = 20;

export const bench: Bench = {
  name: `cold starts: minified code, and CPU time until the handler is there (median of ${IMPORTS})`,
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'cold-start-'));
    const figures: Figure[] = [];
    console.log('  | function | code | import |\n  |---|---|---|');
    try {
      for (const door of DOORS) {
        const file = path.join(folder, `${door}.mjs`);
        await bundleForColdStart(door, file);
        const runs: number[] = [];
        for (let i = 0; i < IMPORTS; i++) runs.push(await importOnce(door, file));
        const medianMs = runs.sort((a, b) => a - b)[IMPORTS / 2]!;
        const kilobytes = kilobytesOf(file);
        const budget = BUDGETS[door]!;
        console.log(`  | \`${door}\` | ${Math.round(kilobytes)} KB | ${Math.round(medianMs)} ms |`);
        figures.push(
          {
            name: `${door}: code`,
            value: kilobytes,
            unit: 'KB',
            limit: { kind: 'at most', value: budget.kilobytes },
          },
          {
            name: `${door}: import`,
            value: medianMs,
            unit: 'ms CPU',
            limit: { kind: 'at most', value: budget.cpuMs },
          },
        );
      }
    } finally {
      await rm(folder, { recursive: true });
    }
    return figures;
  },
};
