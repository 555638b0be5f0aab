/**
 * What a walk over one request collects: accepted items, rejected ones with the reason and the bytes to
 * cut, warnings, and the time range. It also knows where the walk stands, for messages.
 */
import type { Signal } from '@sluice/core/names';

export interface Rejection {
  /** Kebab-case label. */
  readonly reason: string;
  readonly count: number;
  /** Where and why, of the first case. */
  readonly example: string;
}

/** Why one item cannot be taken. */
export interface Fault {
  readonly reason: string;
  readonly detail: string;
}

const LIST_NAMES = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const satisfies Record<Signal, readonly string[]>;

const UNKNOWN_TOP_LEVEL = 'is not known to OTLP and is passed over';

/** Backends refuse what lies further ahead (Loki's creation_grace_period, Mimir's is the same). */
const MAX_AHEAD_MS = 10 * 60_000;
const HOUR_MS = 60 * 60_000;
/**
 * The age from which an item will not be where its sender looks for it. Tempo: block_retention, 336 h. Loki:
 * reject_old_samples_max_age, 7 days. Metrics are folded into the series as they arrive.
 */
const MAX_BEHIND = {
  traces: { ms: 14 * 24 * HOUR_MS, warning: 'is more than 14 days old: by default Tempo has let go of it' },
  logs: { ms: 7 * 24 * HOUR_MS, warning: 'is more than 7 days old: by default Loki refuses it' },
  metrics: { ms: HOUR_MS, warning: 'is more than an hour old: it counts at the time it arrives' },
} as const satisfies Record<Signal, { ms: number; warning: string }>;

export class Findings {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly signal: Signal;
  /** Places in the lists of the request, -1 before the first element. */
  resource = -1;
  scope = -1;
  item = -1;

  items = 0;
  rejected = 0;
  /** Fields inside items that the schema does not know: evidence of another signal. */
  unknownItemFields = 0;
  /** Pairs of start and end, in rising order. */
  readonly cuts: number[] = [];
  earliestMs = Number.POSITIVE_INFINITY;
  latestMs = Number.NEGATIVE_INFINITY;

  readonly #rejections = new Map<string, { count: number; example: string }>();
  readonly #warnings = new Map<string, { count: number; example: string }>();
  readonly #latestAllowedMs: number;
  readonly #earliestAllowedMs: number;

  constructor(signal: Signal, bytes: Uint8Array, nowMs: number) {
    this.signal = signal;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#latestAllowedMs = nowMs + MAX_AHEAD_MS;
    this.#earliestAllowedMs = nowMs - MAX_BEHIND[signal].ms;
  }

  /** JSON path of where the walk stands, for both encodings. */
  where(): string {
    const [resources, scopes, items] = LIST_NAMES[this.signal];
    let path = resources as string;
    if (this.resource >= 0) path += `[${this.resource}]`;
    if (this.scope >= 0) path += `.${scopes}[${this.scope}]`;
    if (this.item >= 0) path += `.${items}[${this.item}]`;
    return path;
  }

  /** Rejects `count` items for one fault, at `where()` followed by `suffix`. */
  reject(fault: Fault, count = 1, suffix = ''): void {
    this.rejected += count;
    const known = this.#rejections.get(fault.reason);
    if (known === undefined) {
      const example = `${this.where()}${suffix}: ${fault.detail}`;
      this.#rejections.set(fault.reason, { count, example });
    } else known.count += count;
  }

  cut(start: number, end: number): void {
    this.cuts.push(start, end);
  }

  /** `kind` is the sentence that follows the count: its first place is kept as the example. */
  warn(kind: string, suffix = ''): void {
    const known = this.#warnings.get(kind);
    if (known === undefined) this.#warnings.set(kind, { count: 1, example: this.where() + suffix });
    else known.count++;
  }

  unknownTopLevelField(field: number): void {
    const known = this.#warnings.get(UNKNOWN_TOP_LEVEL);
    if (known === undefined) {
      this.#warnings.set(UNKNOWN_TOP_LEVEL, { count: 1, example: `field ${field} of the request` });
    } else known.count++;
  }

  /** Takes the times of one accepted item into the range; 0 is no time. */
  accept(firstMs: number, lastMs: number): void {
    this.items++;
    this.seeTimes(firstMs, lastMs);
  }

  seeTimes(firstMs: number, lastMs: number): void {
    if (firstMs > 0 && firstMs < this.earliestMs) this.earliestMs = firstMs;
    if (lastMs > this.latestMs && lastMs > 0) this.latestMs = lastMs;
    if (lastMs > this.#latestAllowedMs || firstMs > this.#latestAllowedMs) {
      this.warn('lies more than 10 minutes in the future: check the clock of the sender');
    } else if (lastMs < this.#earliestAllowedMs && lastMs > 0) {
      this.warn(MAX_BEHIND[this.signal].warning);
    }
  }

  rejections(): readonly Rejection[] {
    return [...this.#rejections].map(([reason, { count, example }]) => ({ reason, count, example }));
  }

  warnings(): readonly string[] {
    return [...this.#warnings].map(([kind, { count, example }]) =>
      count === 1 ? `${example} ${kind}` : `${example} ${kind} (${count} times)`,
    );
  }
}

/** Milliseconds of the fixed64 nanoseconds at `at`, to the precision of a double. */
export function timeMsAt(view: DataView, at: number): number {
  return (view.getUint32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true)) / 1e6;
}
