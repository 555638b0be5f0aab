/**
 * Processes that count known work and report it as OTLP, delta and cumulative, and the ledger of what they
 * have counted, by the name of the series that must show it.
 */
import type { Random } from '@sluice/core/testing/random';

export interface CountingSources {
  /** Works for a minute until `nowMs`, and answers the requests (OTLP/JSON) that are sent then. */
  work(nowMs: number): readonly string[];
  /** What `increase` over everything must answer, by series text without `le`. */
  ledger(): ReadonlyMap<string, number>;
}

interface Source {
  readonly instance: string;
  readonly temporality: 1 | 2;
  startMs: number;
  lastMs: number;
  /** Of this process: what a cumulative source reports. */
  count: number;
  readonly buckets: number[];
  sum: number;
}

const BOUNDS = [1, 5];

export function createCountingSources({
  random,
  startMs,
}: {
  readonly random: Random;
  readonly startMs: number;
}): CountingSources {
  const totals = new Map<string, number>();
  const sources: Source[] = Array.from({ length: 8 }, (_, i) => makeSource(i, startMs));

  const add = (series: string, value: number): void =>
    void totals.set(series, (totals.get(series) ?? 0) + value);
  const count = ({ temporality, instance }: Source, value: number): void => {
    // Deltas of all instances add up to one series; cumulative sources have one each.
    const labels = temporality === 1 ? 'job="worker"' : `instance="${instance}",job="worker"`;
    const family = temporality === 1 ? 'delta' : 'cumulative';
    add(`${family}_jobs_total{${labels}}`, 1);
    add(`${family}_size_count{${labels}}`, 1);
    add(`${family}_size_sum{${labels}}`, value);
    const place = BOUNDS.findIndex((bound) => value <= bound);
    for (const [i, le] of ['1.0', '5.0', '+Inf'].entries())
      if (place >= 0 ? i >= place : i === 2) add(`${family}_size_bucket{${labels}} ${le}`, 1);
  };

  return {
    ledger: () => totals,
    work(nowMs) {
      const requests: string[] = [];
      for (let i = 0; i < sources.length; i++) {
        if (random.chance(0.05)) sources[i] = makeSource(i, nowMs - 30_000);
        const own = sources[i]!;
        if (random.chance(0.2)) continue;
        for (let jobs = random.below(6); jobs > 0; jobs--) {
          const value = random.below(9);
          count(own, value);
          own.count += 1;
          own.sum += value;
          const place = BOUNDS.findIndex((bound) => value <= bound);
          own.buckets[place < 0 ? BOUNDS.length : place]! += 1;
        }
        requests.push(report(own, nowMs));
      }
      return requests;
    },
  };
}

function makeSource(place: number, startMs: number): Source {
  const temporality = place % 2 === 0 ? 1 : 2;
  return {
    instance: `w-${place}`,
    temporality,
    startMs,
    lastMs: startMs,
    count: 0,
    buckets: [0, 0, 0],
    sum: 0,
  };
}

function report(source: Source, nowMs: number): string {
  const { temporality, instance } = source;
  const isDelta = temporality === 1;
  const prefix = isDelta ? 'delta' : 'cumulative';
  const times = {
    startTimeUnixNano: `${isDelta ? source.lastMs : source.startMs}000000`,
    timeUnixNano: `${nowMs}000000`,
  };
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const body = JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: [text('service.name', 'worker'), text('service.instance.id', instance)] },
        scopeMetrics: [
          {
            metrics: [
              {
                name: `${prefix}.jobs`,
                sum: {
                  dataPoints: [{ ...times, asInt: String(source.count) }],
                  aggregationTemporality: temporality,
                  isMonotonic: true,
                },
              },
              {
                name: `${prefix}.size`,
                histogram: {
                  dataPoints: [
                    {
                      ...times,
                      count: String(source.count),
                      sum: source.sum,
                      bucketCounts: source.buckets.map(String),
                      explicitBounds: BOUNDS,
                    },
                  ],
                  aggregationTemporality: temporality,
                },
              },
            ],
          },
        ],
      },
    ],
  });
  source.lastMs = nowMs;
  if (isDelta) {
    source.count = 0;
    source.sum = 0;
    source.buckets.fill(0);
  }
  return body;
}
