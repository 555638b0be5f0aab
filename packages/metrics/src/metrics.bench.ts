/** Processor time of collecting and reducing, in the steady state of a hundred processes. */
import { type Bench, cpuMs, type Figure } from '@sluice/core/testing/bench';
import { createLoad, type LoadBatch, type LoadScene } from './testing/load-messages.ts';
import { createLoadPipeline } from './testing/load-pipeline.ts';

const SOURCES = 100;
const ROUNDS = 5;

export const bench: Bench = {
  name: 'metrics: collect and reduce',
  async run() {
    const figures: Figure[] = [];
    for (const temporality of ['delta', 'cumulative'] as const) {
      for (const points of [80, 320]) {
        figures.push({
          name: `collect + reduce, ${temporality}, posts of ${points}`,
          value: await pointsPerCore({ sources: SOURCES, points, temporality }),
          unit: 'points/s/core',
          limit: { kind: 'at least', value: 200_000 },
        });
      }
    }
    return figures;
  },
};

/** The median of rounds. The load is made before, so that only the work itself is measured, with its garbage. */
async function pointsPerCore(scene: LoadScene): Promise<number> {
  const ticksARound = scene.points > 100 ? 2 : 5;
  const warmTicks = 3 * ticksARound;
  const load = createLoad(scene);
  const ticks: (readonly LoadBatch[])[] = [];
  for (let tick = 1; tick <= warmTicks + ROUNDS * ticksARound; tick++) ticks.push(await load(tick));
  globalThis.gc?.();
  const pipeline = createLoadPipeline();
  for (let at = 0; at < warmTicks; at++) await pipeline.play(ticks[at]!, at + 1);
  const rounds: number[] = [];
  for (let at = warmTicks; at < ticks.length; at += ticksARound) {
    rounds.push(
      await cpuMs(async () => {
        for (let own = at; own < at + ticksARound; own++) await pipeline.play(ticks[own]!, own + 1);
      }),
    );
  }
  const median = rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  return (scene.sources * scene.points * ticksARound) / (median / 1000);
}
