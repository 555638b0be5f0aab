/** Durations as they are typed: `45s`, `30m`, `24h`, `90d`, `2w`. */
import { CommandLineError } from './command-line-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** @throws CommandLineError */
export function parseDurationMs(name: string, text: string): number {
  const match = /^(\d{1,6})([smhdw])$/.exec(text.trim());
  if (match === null) {
    throw new CommandLineError(
      `--${name} ${JSON.stringify(text)} is not a duration: a number with s, m, h, d or w, such as 24h or 90d`,
    );
  }
  return Number(match[1]) * UNIT_MS[match[2]!]!;
}
