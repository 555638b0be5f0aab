/**
 * Snapshots as text that a Prometheus server can scrape: the format 0.0.4, or OpenMetrics 1.0 with units,
 * start times and exemplars. All shards of a tenant together, family by family.
 */
import { formatGeneral, formatOpenMetrics } from '@sluice/promql/model/go-float';
import { BUCKET_LABEL, type Labels, labelValue, METRIC_NAME } from '@sluice/promql/model/labels';
import type { Exemplar, FamilyMetadata, Level, SeriesSnapshot, Snapshot } from '../model/snapshot.ts';
import type { ExpositionFormat } from './negotiate-format.ts';

export interface RenderOptions {
  readonly format: ExpositionFormat;
  /** Names that are written already: a family must not stand in the text twice. */
  readonly taken?: ReadonlySet<string>;
}

interface Family {
  readonly name: string;
  readonly metadata: FamilyMetadata;
  readonly series: SeriesSnapshot[];
}

interface Line {
  readonly name: string;
  readonly labels: Labels;
  readonly value: string;
  readonly exemplar?: Exemplar | undefined;
}

const LEGACY_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** OpenMetrics 1.0 § Exemplars: the text of an exemplar's labels has at most 128 characters. */
const MAX_EXEMPLAR_CHARS = 128;

/** Ends with a line break; of OpenMetrics without its `# EOF`, which the whole text has once. */
export function renderExposition(snapshots: readonly Snapshot[], options: RenderOptions): string {
  const lines: string[] = [];
  for (const family of gatherFamilies(snapshots, options)) {
    if (options.format === 'openmetrics') renderOpenMetrics(family, lines);
    else renderPrometheus(family, lines);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function gatherFamilies(
  snapshots: readonly Snapshot[],
  { format, taken = new Set() }: RenderOptions,
): readonly Family[] {
  const families = new Map<string, Family>();
  for (const snapshot of snapshots) {
    for (const series of snapshot.series) {
      const name = labelValue(series.labels, METRIC_NAME);
      const metadata = snapshot.families.get(name);
      if (metadata === undefined || taken.has(name) || !isWritable(series)) continue;
      const family = families.get(name) ?? { name, metadata, series: [] };
      families.set(name, family);
      if (series.kind === family.metadata.kind) family.series.push(series);
    }
  }
  return withoutClashes(
    [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    format,
  );
}

/** Both formats write names bare; those outside their alphabet can be read through the query API. */
function isWritable({ labels }: SeriesSnapshot): boolean {
  return labels.every(({ name, value }) =>
    name === METRIC_NAME ? LEGACY_NAME.test(value) : LEGACY_LABEL.test(name),
  );
}

/** A sample name belongs to one family only (OpenMetrics 1.0 § MetricFamily): the first by name keeps it. */
function withoutClashes(families: readonly Family[], format: ExpositionFormat): readonly Family[] {
  const owners = new Set<string>();
  return families.filter((family) => {
    const names = sampleNames(family, format);
    if (names.some((name) => owners.has(name))) return false;
    for (const name of names) owners.add(name);
    return true;
  });
}

function sampleNames({ name, metadata: { kind } }: Family, format: ExpositionFormat): readonly string[] {
  if (kind === 'histogram')
    return [name, `${name}_bucket`, `${name}_count`, `${name}_sum`, `${name}_created`];
  if (kind === 'summary') return [name, `${name}_count`, `${name}_sum`, `${name}_created`];
  if (kind === 'counter' && format === 'openmetrics') {
    const base = withoutTotal(name);
    return [base, `${base}_total`, `${base}_created`];
  }
  return [name];
}

function renderPrometheus({ name, metadata: { kind, help }, series }: Family, out: string[]): void {
  if (help !== '') out.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`);
  out.push(`# TYPE ${name} ${kind === 'updown' ? 'gauge' : kind}`);
  for (const one of series) {
    for (const line of linesOf(one, { name, number: formatGeneral })) out.push(textOf(line));
  }
}

function renderOpenMetrics({ name, metadata: { kind, help }, series }: Family, out: string[]): void {
  // A counter's family goes without `_total`, its sample has it; one that never had it cannot be a counter here.
  const isCounter = kind === 'counter' && name.endsWith('_total');
  const family = isCounter ? withoutTotal(name) : name;
  const type = kind === 'updown' ? 'gauge' : kind === 'counter' && !isCounter ? 'unknown' : kind;
  out.push(`# TYPE ${family} ${type}`);
  const unit = unitOf(family);
  if (unit !== undefined) out.push(`# UNIT ${family} ${unit}`);
  if (help !== '') out.push(`# HELP ${family} ${escapeText(help)}`);
  for (const one of series) {
    for (const line of linesOf(one, { name, number: formatOpenMetrics })) {
      const exemplar = line.exemplar === undefined || type === 'unknown' ? '' : exemplarText(line.exemplar);
      out.push(`${textOf(line)}${exemplar}`);
    }
    if ((isCounter || kind === 'histogram' || kind === 'summary') && one.startMs > 0) {
      const created = { name: `${family}_created`, labels: one.labels, value: formatSeconds(one.startMs) };
      out.push(textOf(created));
    }
  }
}

function linesOf(
  series: SeriesSnapshot,
  { name, number }: { readonly name: string; readonly number: (value: number) => string },
): readonly Line[] {
  const { labels, exemplars } = series;
  const show = (level: Level): string => (typeof level === 'bigint' ? level.toString() : formatLevel(level));
  switch (series.kind) {
    case 'counter':
      return [{ name, labels, value: show(series.level), exemplar: exemplars.at(-1) }];
    case 'gauge':
    case 'updown':
      return [{ name, labels, value: formatLevel(series.last) }];
    case 'histogram': {
      const bounds = [...series.bounds, Number.POSITIVE_INFINITY];
      const buckets = bounds.map((bound, i) => ({
        name: `${name}_bucket`,
        labels: [...labels, { name: BUCKET_LABEL, value: number(bound) }],
        value: show(series.buckets[i]!),
        exemplar: exemplars.findLast(({ value }) => value <= bound && (i === 0 || value > bounds[i - 1]!)),
      }));
      const sum =
        series.sum === undefined ? [] : [{ name: `${name}_sum`, labels, value: formatLevel(series.sum) }];
      return [...buckets, ...sum, { name: `${name}_count`, labels, value: show(series.count) }];
    }
    case 'summary':
      return [
        ...series.quantiles.map(({ quantile, value }) => ({
          name,
          labels: [...labels, { name: 'quantile', value: number(quantile) }],
          value: formatLevel(value),
        })),
        { name: `${name}_sum`, labels, value: formatLevel(series.sum) },
        { name: `${name}_count`, labels, value: show(series.count) },
      ];
  }
}

function textOf({ name, labels, value }: Line): string {
  const pairs = labels
    .filter((label) => label.name !== METRIC_NAME)
    .map((label) => `${label.name}="${escapeText(label.value)}"`);
  return pairs.length === 0 ? `${name} ${value}` : `${name}{${pairs.join(',')}} ${value}`;
}

function exemplarText({ labels, value, timeMs }: Exemplar): string {
  const kept: string[] = [];
  let chars = 0;
  for (const { name, value: text } of labels) {
    chars += [...name].length + [...text].length;
    if (chars > MAX_EXEMPLAR_CHARS || !LEGACY_LABEL.test(name)) break;
    kept.push(`${name}="${escapeText(text)}"`);
  }
  return ` # {${kept.join(',')}} ${formatLevel(value)} ${formatSeconds(timeMs)}`;
}

/** Whole numbers in full, as people read them; the rest as Go writes it. */
function formatLevel(value: number): string {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : formatGeneral(value);
}

function formatSeconds(timeMs: number): string {
  return (timeMs / 1000).toFixed(3);
}

/** A unit may be named only where the family's name ends with it (OpenMetrics 1.0 § UNIT). */
function unitOf(family: string): string | undefined {
  return /_(seconds|bytes|meters|celsius|ratio|volts|amperes|joules|grams|percent|hertz|watts)$/.exec(
    family,
  )?.[1];
}

function withoutTotal(name: string): string {
  return name.endsWith('_total') ? name.slice(0, -6) : name;
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
