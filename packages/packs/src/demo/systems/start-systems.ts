/** The chosen systems on stage: each instance with an SDK of its own, as it would be in the field. */
import { resourceFromAttributes } from '@opentelemetry/resources';
import { createDice } from '../dice.ts';
import { createMetricsTelemetry, type MetricsTelemetry } from '../metrics-telemetry.ts';
import type { Tally } from '../tally.ts';
import { playSystem } from './play-system.ts';
import { SYSTEM_NAMES, SYSTEMS, type SystemName } from './systems.ts';

const EXPORT_INTERVAL_MS = 10_000;
const SCOPE = { name: 'sluice-demo-systems', version: '1.0.0' };

export interface RunningSystems {
  /** Plays all seconds up to this one; answers what goes wrong from now on. */
  playUntil(seconds: number): readonly string[];
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface StartOptions {
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly tally: Tally;
}

export function startSystems(names: readonly SystemName[], options: StartOptions): RunningSystems {
  const { endpoint, headers = {}, seed, tally } = options;
  const telemetries: MetricsTelemetry[] = [];
  const players = names.map((name) =>
    playSystem(SYSTEMS[name], {
      // The story of a system does not depend on what else is played.
      dice: createDice(seed + 1 + SYSTEM_NAMES.indexOf(name)),
      meterOf({ job }, instance) {
        const resource = resourceFromAttributes({
          'service.name': job,
          'service.instance.id': instance,
          'deployment.environment.name': 'demo',
        });
        const telemetry = createMetricsTelemetry(resource, {
          endpoint,
          headers,
          intervalMs: EXPORT_INTERVAL_MS,
          scope: SCOPE,
          tally,
        });
        telemetries.push(telemetry);
        return telemetry.meter;
      },
    }),
  );
  let next = 0;
  return {
    playUntil(seconds) {
      const news: string[] = [];
      for (; next <= seconds; next++) {
        for (const player of players) {
          player.play(next);
          news.push(...player.news(next));
        }
      }
      return news;
    },
    flush: async () => void (await Promise.all(telemetries.map((telemetry) => telemetry.flush()))),
    shutdown: async () => void (await Promise.all(telemetries.map((telemetry) => telemetry.shutdown()))),
  };
}
