/** Durations as Prometheus writes them: `1h30m`, `500ms`; units from years to milliseconds, largest first. */
import { goQuote } from '../model/go-quote.ts';

const UNITS: readonly (readonly [string, number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const FORM = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** int64 nanoseconds, in milliseconds. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/** The duration, or Prometheus' words for what is wrong with it. */
export function parseDurationText(text: string): { readonly ms: number } | string {
  if (text === '0') return { ms: 0 };
  if (text === '') return 'empty duration string';
  const parts = FORM.exec(text);
  if (!parts) return `not a valid duration string: ${goQuote(text)}`;
  let ms = 0;
  for (const [i, [, unitMs]] of UNITS.entries()) ms += Number(parts[i + 1] ?? 0) * unitMs;
  return ms > MAX_DURATION_MS ? 'duration out of range' : { ms };
}

/** The shortest form; weeks and years only where they divide evenly, as Prometheus prints them. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = Math.round(Math.abs(ms));
  let text = ms < 0 ? '-' : '';
  for (const [unit, unitMs] of UNITS) {
    const isExactOnly = unit === 'y' || unit === 'w';
    if (isExactOnly && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
