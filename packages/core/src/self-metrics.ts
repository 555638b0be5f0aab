/** The pipeline's own counters, gauges and histograms, rendered in the Prometheus text format 0.0.4. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(value: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface SelfMetrics {
  /** Asking twice for one name answers the same instrument. */
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** Called before every render: the place to set gauges that are read on demand. */
  onCollect(collect: () => Promise<void> | void): void;
  render(): Promise<string>;
}

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** By series text, e.g. `name{a="b"}`. */
  readonly samples: Map<string, number>;
}

export function createSelfMetrics(): SelfMetrics {
  const families = new Map<string, Family>();
  const collectors: (() => Promise<void> | void)[] = [];

  const family = (name: string, type: Family['type'], help: string): Family => {
    const known = families.get(name);
    if (known !== undefined && known.type !== type) throw new TypeError(`metric ${name} is a ${known.type}`);
    const made = known ?? { type, help, samples: new Map<string, number>() };
    families.set(name, made);
    return made;
  };
  const add = (samples: Map<string, number>, series: string, value: number): void => {
    samples.set(series, (samples.get(series) ?? 0) + value);
  };

  return {
    counter(name, help) {
      const { samples } = family(name, 'counter', help);
      return { add: (value, labels) => add(samples, seriesText(name, labels), value) };
    },
    gauge(name, help) {
      const { samples } = family(name, 'gauge', help);
      return { set: (value, labels) => void samples.set(seriesText(name, labels), value) };
    },
    histogram(name, help, buckets) {
      const { samples } = family(name, 'histogram', help);
      return {
        observe(value, labels = {}) {
          for (const bound of [...buckets, Number.POSITIVE_INFINITY]) {
            add(
              samples,
              seriesText(`${name}_bucket`, { ...labels, le: toBoundText(bound) }),
              value <= bound ? 1 : 0,
            );
          }
          add(samples, seriesText(`${name}_sum`, labels), value);
          add(samples, seriesText(`${name}_count`, labels), 1);
        },
      };
    },
    onCollect: (collect) => void collectors.push(collect),
    async render() {
      for (const collect of collectors) await collect();
      const lines: string[] = [];
      for (const [name, { type, help, samples }] of families) {
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
        for (const [series, value] of samples) lines.push(`${series} ${value}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

function seriesText(name: string, labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** As OpenMetrics writes bounds, and Prometheus 3 whatever it scrapes: one form, one series. */
function toBoundText(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
