/** Prometheus durations (`1h30m`); source: Prometheus documentation, "Time durations". */

const UNITS_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** What Go counts in 64 bits of nanoseconds: some 292 years. */
const MAX_MS = Math.floor(2 ** 63 / 1e6);

/** Milliseconds; undefined when it is no duration. Units come largest first, each once, without fractions. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : PATTERN.exec(text);
  if (match === null) return undefined;
  const total = Object.values(UNITS_MS).reduce(
    (sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit,
    0,
  );
  return total <= MAX_MS ? total : undefined;
}

/** The shortest text for milliseconds, as Prometheus prints it: whole units, largest first. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = durationMs;
  let text = '';
  for (const [unit, size] of Object.entries(UNITS_MS)) {
    // Years and weeks only when nothing is left over, so that 90d does not become 12w6d.
    if ((unit === 'y' || unit === 'w') && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
