/** How large one request may be, per signal, before and after inflation. */
import { SIGNALS, type Signal } from '@sluice/core/names';

export interface BodyLimits {
  /** As it arrives. */
  readonly maxWireBytes: number;
  /** After Content-Encoding is undone. */
  readonly maxInflatedBytes: number;
}

export type IngestLimits = Readonly<Record<Signal, BodyLimits>>;

/** Four times what SDK exporters batch at most; the Collector's 20 MiB would not fit a Lambda request (6 MB payload). */
export const DEFAULT_BODY_LIMITS: BodyLimits = {
  maxWireBytes: 4 * 1024 * 1024,
  maxInflatedBytes: 64 * 1024 * 1024,
};

export interface LimitOverrides extends Partial<BodyLimits> {
  readonly signals?: Readonly<Partial<Record<Signal, Partial<BodyLimits>>>>;
}

/** Limits of every signal: its own override, else the common one, else the default. */
export function toIngestLimits({ signals = {}, ...common }: LimitOverrides = {}): IngestLimits {
  const of = (signal: Signal): BodyLimits => ({ ...DEFAULT_BODY_LIMITS, ...common, ...signals[signal] });
  return Object.fromEntries(SIGNALS.map((signal) => [signal, of(signal)])) as IngestLimits;
}
