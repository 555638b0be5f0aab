/** Quantities as they are typed: `250000`, `10M`, `2.5G`. Thousands are thousands, not 1,024. */
import { CommandLineError } from '../command-line-error.ts';

const SCALE: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
/** Beyond this nothing here has been thought about. */
const MAX_QUANTITY = 1e15;

export interface QuantityRange {
  readonly min?: number;
  readonly max?: number;
  readonly isWhole?: boolean;
}

/** @throws CommandLineError naming the option, the value and what would do */
export function parseQuantity(name: string, text: string, range: QuantityRange = {}): number {
  const { min = 0, max = MAX_QUANTITY, isWhole = false } = range;
  const match = /^(\d{1,15}(?:\.\d{1,9})?)([kMGT]?)$/.exec(text.trim());
  if (match === null) {
    throw new CommandLineError(
      `--${name} ${JSON.stringify(text)} is not a quantity: a number, with k, M, G or T for thousands, such as 250000, 10M or 2.5G`,
    );
  }
  const value = Number(match[1]) * SCALE[match[2]!]!;
  if (value < min || value > max || (isWhole && !Number.isInteger(value))) {
    const kind = isWhole ? 'a whole number' : 'a number';
    throw new CommandLineError(
      `--${name} ${text} is out of range: ${kind} from ${min} to ${formatQuantity(max)}`,
    );
  }
  return value;
}

/** `0`, `0.02`, `250`, `12.5k`, `10M`, `2.5G`: three digits that count. */
export function formatQuantity(value: number): string {
  if (value === 0) return '0';
  const [suffix, scale] = Object.entries(SCALE)
    .toReversed()
    .find(([, own]) => value >= own) ?? ['', 1];
  return `${Number((value / scale).toPrecision(3))}${suffix}`;
}
