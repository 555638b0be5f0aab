/** Plays systems without waiting and keeps what the real SDK exports, translated as the pipeline does it. For tests. */
import { createMetricsSettings } from '@sluice/metrics/metrics-settings';
import type { MetricPoint } from '@sluice/metrics/model/metric-point';
import { expandEntry } from '@sluice/metrics/read/expand-entry';
import { translateMetrics } from '@sluice/metrics/translate/translate-metrics';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { type Labels, labelsKey } from '@sluice/promql/model/labels';
import type { SeriesData } from '@sluice/promql/series-reader';
import { startSystems } from '../demo/systems/start-systems.ts';
import type { SystemName } from '../demo/systems/systems.ts';
import { createTally } from '../demo/tally.ts';
import { startOtlpCapture } from './otlp-capture.ts';

const STEP_SECONDS = 30;

export interface Recording {
  readonly labels: Labels;
  readonly samples: { readonly seconds: number; readonly value: number }[];
}

/** What the SDK exported, translated as the pipeline does it, at the seconds that were played. */
export async function recordSystems(
  names: readonly SystemName[],
  untilSeconds: number,
): Promise<readonly Recording[]> {
  await using capture = await startOtlpCapture();
  const tally = createTally();
  const systems = startSystems(names, { endpoint: capture.url, seed: 7, tally });
  const series = new Map<string, Recording>();
  let seen = 0;
  for (let seconds = 0; seconds <= untilSeconds; seconds += STEP_SECONDS) {
    systems.playUntil(seconds);
    await systems.flush();
    const bodies = capture.bodiesOf('metrics');
    for (const body of bodies.slice(seen)) {
      const { points, rejected } = translateMetrics(decodeMetrics(body), createMetricsSettings(), {
        receivedAtMs: Date.now(),
      });
      if (rejected.length > 0) throw new Error(`refused: ${JSON.stringify(rejected)}`);
      for (const point of points) {
        for (const { labels, value } of toSamples(point)) {
          const key = labelsKey(labels);
          const known = series.get(key) ?? { labels, samples: [] };
          series.set(key, known);
          known.samples.push({ seconds, value });
        }
      }
    }
    seen = bodies.length;
  }
  await systems.shutdown();
  if (tally.failed().points > 0) throw new Error(`not sent: ${tally.lastError()}`);
  return [...series.values()];
}

function toSamples(point: MetricPoint): readonly { readonly labels: Labels; readonly value: number }[] {
  const { labels, family } = point.series;
  if (point.type === 'number') return [{ labels, value: Number(point.value) }];
  if (point.type !== 'histogram') throw new Error(`${family.name} is a ${point.type}`);
  let sum = 0;
  const cumulative = point.counts.map((count) => {
    sum += Number(count);
    return sum;
  });
  const columns = [...cumulative, point.sum ?? Number.NaN];
  return expandEntry({ kind: 'histogram', labels, points: point.bounds }, []).map((component) => ({
    labels: component.labels,
    value: columns[component.column]!,
  }));
}

/** As if the first second had been at `startMs`. */
export function toSeries(recordings: readonly Recording[], startMs: number): readonly SeriesData[] {
  return recordings.map(({ labels, samples }) => ({
    labels,
    times: Float64Array.from(samples, ({ seconds }) => startMs + seconds * 1000),
    values: Float64Array.from(samples, ({ value }) => value),
  }));
}
