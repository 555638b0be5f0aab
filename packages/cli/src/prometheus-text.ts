/** Reads the Prometheus text format 0.0.4 as the pipeline's own `/metrics` writes it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by metric name. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Lines that are not samples are passed over: a newer pipeline may say more. */
export function parsePrometheusText(text: string): Samples {
  const samples = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : LINE.exec(line.trim());
    if (match === null) continue;
    const [, name, labels = '', value] = match;
    const sample = { labels: parseLabels(labels), value: parseValue(value!) };
    const known = samples.get(name!);
    if (known === undefined) samples.set(name!, [sample]);
    else known.push(sample);
  }
  return samples;
}

/** Sum of the samples whose labels have all of these values; 0 when there are none. */
export function sumOf(samples: Samples, name: string, labels: Sample['labels'] = {}): number {
  return (samples.get(name) ?? [])
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** The different values of a label, in order. */
export function valuesOf(samples: Samples, name: string, label: string): readonly string[] {
  return [...new Set((samples.get(name) ?? []).flatMap(({ labels }) => labels[label] ?? []))].sort();
}

function parseLabels(text: string): Sample['labels'] {
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, key, value]) => [
      key!,
      value!.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    ]),
  );
}

function parseValue(text: string): number {
  if (/^[+]?Inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-Inf$/i.test(text)) return Number.NEGATIVE_INFINITY;
  return Number(text);
}
