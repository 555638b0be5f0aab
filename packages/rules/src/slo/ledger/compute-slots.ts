/**
 * Slots out of series: each the increase between its borders, so that any number of them add up to what
 * happened, and computing one again can only correct it.
 */
import type { Engine } from '@sluice/promql/engine';
import { formatDuration } from '@sluice/promql/parse/duration-text';
import type { SeriesReader } from '@sluice/promql/series-reader';
import { type CountedSli, toCountQuery } from './counted-sli.ts';
import { emptySlots, floorSlot, type Interval, SLOT_MS, type Slots } from './slots.ts';

export interface ComputeDeps {
  readonly engine: Pick<Engine, 'range' | 'instant'>;
  readonly reader: SeriesReader;
}

/**
 * From a slot border up to a time that may lie inside the last slot, which is then counted as far as it goes.
 * @throws QueryError
 */
export async function computeSlots(
  sli: CountedSli,
  { fromMs, untilMs }: Interval,
  deps: ComputeDeps,
): Promise<Slots> {
  const slots = emptySlots({ fromMs, untilMs });
  const closedEndMs = floorSlot(untilMs);
  const closed = (closedEndMs - slots.startMs) / SLOT_MS;
  const columns = (template: string): Promise<Float64Array> =>
    readColumn(template, { slots, closed, untilMs }, deps);
  const lengthMs = (i: number): number => (i < closed ? SLOT_MS : untilMs - closedEndMs);
  if (sli.unit === 'seconds') {
    const ratios = await columns(sli.badRatio);
    for (let i = 0; i < ratios.length; i++) {
      if (Number.isNaN(ratios[i]!)) continue;
      const seconds = lengthMs(i) / 1000;
      slots.total[i] = seconds;
      slots.bad[i] = Math.min(1, Math.max(0, ratios[i]!)) * seconds;
    }
    return slots;
  }
  const [parts, totals] = await Promise.all([columns(sli.part), columns(sli.total)]);
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i]!;
    if (Number.isNaN(total)) continue;
    // Requests without one error have no series of errors at all.
    const part = Number.isNaN(parts[i]!) ? 0 : parts[i]!;
    slots.total[i] = Math.max(0, total);
    slots.bad[i] = Math.max(0, sli.counts === 'bad' ? part : total - part);
  }
  return slots;
}

/** One value a slot, all series of the answer added up; NaN where there is none. */
async function readColumn(
  template: string,
  { slots, closed, untilMs }: { readonly slots: Slots; readonly closed: number; readonly untilMs: number },
  { engine, reader }: ComputeDeps,
): Promise<Float64Array> {
  const column = new Float64Array(slots.total.length).fill(Number.NaN);
  const add = (i: number, value: number): void => {
    if (!Number.isNaN(value)) column[i] = (Number.isNaN(column[i]!) ? 0 : column[i]!) + value;
  };
  if (closed > 0) {
    const { value } = await engine.range(toCountQuery(template, formatDuration(SLOT_MS)), {
      reader,
      startMs: slots.startMs + SLOT_MS,
      endMs: slots.startMs + closed * SLOT_MS,
      stepMs: SLOT_MS,
    });
    if (value.type === 'matrix')
      for (const { times, values } of value.series)
        for (let at = 0; at < times.length; at++)
          add((times[at]! - slots.startMs) / SLOT_MS - 1, values[at]!);
  }
  const openMs = untilMs - floorSlot(untilMs);
  if (openMs > 0) {
    const query = toCountQuery(template, formatDuration(openMs));
    const { value } = await engine.instant(query, { reader, timeMs: untilMs });
    if (value.type === 'vector') for (const sample of value.samples) add(closed, sample.value);
    if (value.type === 'scalar') add(closed, value.value);
  }
  return column;
}
