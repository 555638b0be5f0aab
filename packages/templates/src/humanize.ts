/** Numbers for people, as Prometheus' template functions write them (source: Prometheus template/template.go documentation). */
import { formatPrecision } from './go-print.ts';

const LARGE = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const;
const SMALL = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y'] as const;
const BINARY = ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'] as const;

const short = (value: number): string => formatPrecision(value, 4);

export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value);
  if (Math.abs(value) >= 1) return scaled(value, LARGE, (rest) => Math.abs(rest) < 1_000, 1 / 1_000);
  return scaled(value, SMALL, (rest) => Math.abs(rest) >= 1, 1_000);
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return short(value);
  return scaled(value, BINARY, (rest) => Math.abs(rest) < 1_024, 1 / 1_024);
}

export function humanizePercentage(ratio: number): string {
  return `${short(ratio * 100)}%`;
}

/** Seconds as `1d 2h 3m 4s`; below a second with a metric prefix. */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return short(seconds);
  if (seconds === 0) return '0s';
  if (Math.abs(seconds) < 1) return `${scaled(seconds, SMALL, (rest) => Math.abs(rest) >= 1, 1_000)}s`;
  const sign = seconds < 0 ? '-' : '';
  const size = Math.abs(seconds);
  const whole = Math.trunc(size);
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3_600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${whole % 60}s`;
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${whole % 60}s`;
  if (minutes > 0) return `${sign}${minutes}m ${whole % 60}s`;
  return `${sign}${short(size)}s`;
}

function scaled(
  value: number,
  prefixes: readonly string[],
  isDone: (rest: number) => boolean,
  factor: number,
): string {
  let rest = value;
  let index = 0;
  while (!isDone(rest) && index < prefixes.length - 1) {
    // Division by the power keeps 1000 = 1k exact, where a product with 0.001 does not.
    rest = factor < 1 ? rest / Math.round(1 / factor) : rest * factor;
    index += 1;
  }
  return `${short(rest)}${prefixes[index]}`;
}
