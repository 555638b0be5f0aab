/** Series over time as a plot of characters: axes, a line for each series, and a legend with what it did. */
import { type Style, safeText } from '../terminal-text.ts';
import { type Canvas, createBrailleCanvas, createSymbolCanvas } from './plot-canvas.ts';
import { type ResultSeries, seriesName } from './query-answer.ts';

export interface PlotOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly style: Style;
  readonly columns: number;
  readonly isColoured: boolean;
}

const HEIGHT = 16;
const MAX_WIDTH = 120;
const MIN_WIDTH = 20;
/** More lines than that cannot be told apart. */
const MAX_SERIES = 8;
const SYMBOLS = ['*', '+', 'o', 'x', '#', '@', '%', '&'] as const;

export function renderPlot(all: readonly ResultSeries[], options: PlotOptions): string {
  const series = all.slice(0, MAX_SERIES);
  const values = series.flatMap(({ samples }) => samples.map(({ value }) => value)).filter(Number.isFinite);
  if (values.length === 0)
    return all.length === 0
      ? 'Nothing matches in that time.\n'
      : 'Nothing to plot: no value is a finite number.\n';
  const scale = scaleOf(values);
  const labels = axisLabels(scale);
  const gutter = Math.max(...labels.map((label) => label.length));
  const width = Math.max(MIN_WIDTH, Math.min(options.columns, MAX_WIDTH) - gutter - 3);
  const palette = paletteOf(options);
  // Where colours cannot tell several lines apart, symbols do.
  const usesSymbols = series.length > (options.isColoured ? palette.length : 1);
  const canvas = usesSymbols
    ? createSymbolCanvas(width, HEIGHT, SYMBOLS)
    : createBrailleCanvas(width, HEIGHT);
  for (const [i, { samples }] of series.entries()) drawSeries(canvas, i, { samples, scale, options });
  const rows = canvas.rows((text, i) => palette[i % palette.length]!(text));
  const lines = rows.map((row, i) => `${labels[i]!.padStart(gutter)} ${labels[i] === '' ? '│' : '┤'}${row}`);
  lines.push(`${' '.repeat(gutter)} └${'─'.repeat(width)}`);
  lines.push(`${' '.repeat(gutter + 2)}${timeAxis(options, width)}`);
  for (const [i, { labels: own, samples }] of series.entries()) {
    const mark = palette[i % palette.length]!(usesSymbols ? SYMBOLS[i]! : '──');
    lines.push(
      `${mark} ${safeText(seriesName(own))}  ${options.style.dim(summary(samples.map(({ value }) => value)))}`,
    );
  }
  if (all.length > series.length) {
    lines.push(`and ${all.length - series.length} more series: topk() or sum by () makes fewer`);
  }
  return `${lines.join('\n')}\n`;
}

interface Scale {
  readonly min: number;
  readonly max: number;
}

/** From zero where the values are near it, so that the plot does not dramatise; a flat line gets room. */
function scaleOf(values: readonly number[]): Scale {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > 0 && min < (max - min) * 1.5) min = 0;
  if (max < 0 && -max < (max - min) * 1.5) max = 0;
  if (min === max) {
    const room = Math.abs(min) / 2 || 1;
    return { min: min - room, max: max + room };
  }
  return { min, max };
}

function axisLabels({ min, max }: Scale): string[] {
  return Array.from({ length: HEIGHT }, (_, row) => {
    if (row % 5 !== 0) return '';
    return formatTick(max - ((max - min) * row) / (HEIGHT - 1));
  });
}

function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(2);
  return Number(value.toPrecision(4)).toLocaleString('en', { maximumFractionDigits: 6 });
}

function drawSeries(
  canvas: Canvas,
  index: number,
  {
    samples,
    scale: { min, max },
    options: { startMs, endMs, stepMs },
  }: { samples: ResultSeries['samples']; scale: Scale; options: PlotOptions },
): void {
  const { width, height } = canvas;
  const toX = (timeMs: number): number =>
    endMs === startMs ? 0 : Math.round(((timeMs - startMs) / (endMs - startMs)) * (width - 1));
  const toY = (value: number): number => Math.round(((max - value) / (max - min)) * (height - 1));
  let last: { x: number; y: number; timeMs: number } | undefined;
  for (const { timeMs, value } of samples) {
    if (!Number.isFinite(value)) {
      last = undefined;
      continue;
    }
    const point = { x: toX(timeMs), y: toY(value), timeMs };
    const isJoined = last !== undefined && timeMs - last.timeMs <= stepMs * 1.5;
    canvas.line(index, isJoined ? last! : point, point);
    last = point;
  }
}

function paletteOf({ style, isColoured }: PlotOptions): readonly ((text: string) => string)[] {
  return isColoured ? [style.green, style.yellow, style.red, style.bold, style.dim] : [(text) => text];
}

function timeAxis({ startMs, endMs }: PlotOptions, width: number): string {
  const hasDays = endMs - startMs >= 86_400_000;
  const format = (timeMs: number): string => {
    const text = new Date(timeMs).toISOString();
    return hasDays ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(11, 19);
  };
  const left = format(startMs);
  const right = `${format(endMs)} UTC`;
  const middle = format((startMs + endMs) / 2);
  const room = width - left.length - right.length;
  if (room < middle.length + 2) return left + ' '.repeat(Math.max(1, room)) + right;
  const before = Math.max(1, Math.floor(width / 2 - middle.length / 2) - left.length);
  return left + ' '.repeat(before) + middle + ' '.repeat(Math.max(1, room - before - middle.length)) + right;
}

function summary(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return 'no finite value';
  const least = finite.reduce((a, b) => Math.min(a, b));
  const most = finite.reduce((a, b) => Math.max(a, b));
  return `last ${formatTick(finite.at(-1)!)}, min ${formatTick(least)}, max ${formatTick(most)}`;
}
