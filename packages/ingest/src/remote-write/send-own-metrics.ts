/**
 * The pipeline's own metrics as one more source: what it shows at `/metrics` is put on the metrics queue,
 * so that rules, dashboards and the receivers of remote write see it as they see everything else.
 */
import type { TenantId } from '@sluice/core/ids';
import type { Queue } from '@sluice/core/ports/queue';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { enqueueParts } from '../enqueue.ts';
import { packMessages } from '../pack-messages.ts';
import type { PushedMetadata, PushedSeries } from './decode-write-request.ts';
import { toMetricsRequest } from './to-metrics-request.ts';

export interface OwnMetricsOptions {
  readonly selfMetrics: Pick<SelfMetrics, 'render'>;
  readonly queue: Queue;
  readonly tenant: TenantId;
  /** `job`, `instance` and whatever else tells this process from others. */
  readonly labels: Readonly<Record<string, string>>;
  /** When its counters began. */
  readonly startMs: number;
}

const TYPE: Readonly<Record<string, number>> = { counter: 1, gauge: 2, histogram: 3 };

/** One message for one time; a failure is of no account, since the next says the same and more. */
export function createOwnMetricsSender(options: OwnMetricsOptions): (timeMs: number) => Promise<void> {
  const { selfMetrics, queue, tenant, labels, startMs } = options;
  return async (timeMs) => {
    const { series, families } = readExposition(await selfMetrics.render(), { labels, timeMs });
    const { bytes, points } = toMetricsRequest(series, { describe: (name) => families.get(name), startMs });
    if (points === 0) return;
    const { parts } = await packMessages('metrics', bytes, { items: points });
    await enqueueParts(queue, parts, { signal: 'metrics', tenant, receivedAtMs: timeMs });
  };
}

/** Of the text that SelfMetrics writes: no timestamps, no comments but HELP and TYPE. */
function readExposition(
  text: string,
  { labels: own, timeMs }: { readonly labels: Readonly<Record<string, string>>; readonly timeMs: number },
): { readonly series: readonly PushedSeries[]; readonly families: ReadonlyMap<string, PushedMetadata> } {
  const series: PushedSeries[] = [];
  const families = new Map<string, PushedMetadata>();
  let help = '';
  for (const line of text.split('\n')) {
    const described = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line);
    if (described?.[1] === 'HELP') help = described[3] ?? '';
    else if (described !== null) families.set(described[2]!, { type: TYPE[described[3]!] ?? 0, help });
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) continue;
    const pairs = Array.from(
      (sample[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g),
      ([, name, value]) => [name!, unescapeLabel(value!)],
    );
    const labels = Object.entries({ ...Object.fromEntries(pairs), ...own }) as [string, string][];
    const value = Number(sample[3]!.replace('Inf', 'Infinity'));
    series.push({ name: sample[1]!, labels, samples: [{ value, isStale: false, timeMs }] });
  }
  return { series, families };
}

function unescapeLabel(text: string): string {
  return text.replaceAll(/\\(.)/g, (_all, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
