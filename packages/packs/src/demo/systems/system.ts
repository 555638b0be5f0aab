/** The form of a system's catalogue: which metrics it has, what happens in it how often, and what goes wrong. */
import type { Dice } from '../dice.ts';
import type { Trouble } from './troubles.ts';

export type Labels = Readonly<Record<string, string>>;

/** A second of the run, at one instance. */
export interface Moment {
  readonly seconds: number;
  readonly instance: string;
  readonly dice: Dice;
}

export type Amount = number | ((moment: Moment) => number);

/**
 * Names are those that queries ask for. A unit that the name does not end in would be appended to it
 * (specification, "Prometheus and OpenMetrics Compatibility"), so it is left out where the name has none.
 */
export interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** UCUM. */
  readonly unit?: string;
  /** Upper bounds of a histogram's buckets, without +Inf. */
  readonly bounds?: readonly number[];
}

/** Adds to a counter (1 unless told), records into a histogram, sets a gauge. */
export type Effect = readonly [metric: string, labels?: Labels, amount?: Amount];

export interface Activity {
  /** Mean of a Poisson process. */
  readonly perSecond: Amount;
  readonly effects: readonly Effect[];
}

/** A job as Prometheus has it: the same program in one or more instances. */
export interface Target {
  readonly job: string;
  readonly instances: readonly string[];
  /** Of every series. */
  readonly labels?: Labels;
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  readonly activities: readonly Activity[];
  /** Counters that go on with time, and gauges. */
  readonly everySecond: readonly Effect[];
  /** An instance that is down reports nothing but `up` 0. */
  isDown?(moment: Moment): boolean;
}

export interface System {
  readonly title: string;
  readonly targets: readonly Target[];
  readonly troubles: readonly Trouble[];
}

export function amountAt(amount: Amount, moment: Moment): number {
  return typeof amount === 'number' ? amount : amount(moment);
}
