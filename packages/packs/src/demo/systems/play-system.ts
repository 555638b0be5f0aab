/** A catalogue into measurements of the SDK, second by second. */
import type { Attributes, Meter } from '@opentelemetry/api';
import type { Dice } from '../dice.ts';
import { type Amount, amountAt, type Effect, type MetricSpec, type System, type Target } from './system.ts';

export interface Player {
  /** Plays one second; seconds since the start, in order. */
  play(seconds: number): void;
  /** Troubles that are others than in the second before. */
  news(seconds: number): readonly string[];
}

export interface Stage {
  readonly dice: Dice;
  meterOf(target: Target, instance: string): Meter;
}

export function playSystem(system: System, { dice, meterOf }: Stage): Player {
  const actors = system.targets.flatMap((target) =>
    target.instances.map((instance) =>
      createActor(target, { instance, dice, meter: meterOf(target, instance) }),
    ),
  );
  return {
    play(seconds) {
      for (const act of actors) act(seconds);
    },
    news: (seconds) =>
      system.troubles.flatMap((trouble) => {
        const who = trouble.at(seconds);
        const before = seconds === 0 ? undefined : trouble.at(seconds - 1);
        return who === undefined || who === before ? [] : [`${system.title}: ${trouble.says(who)}`];
      }),
  };
}

/** An effect with its instrument and all of its labels. */
interface Deed {
  readonly attributes: Attributes;
  readonly amount: Amount;
  write(value: number, attributes: Attributes): void;
}

function createActor(
  target: Target,
  { instance, dice, meter }: { readonly instance: string; readonly dice: Dice; readonly meter: Meter },
): (seconds: number) => void {
  const writers = createWriters(target, meter);
  const toDeed = ([metric, labels = {}, amount = 1]: Effect): Deed => {
    const write = writers.get(metric);
    if (write === undefined) throw new Error(`${target.job} has no metric ${metric}`);
    return { write, amount, attributes: { ...target.labels, ...labels } };
  };
  const everySecond = target.everySecond.map(toDeed);
  const activities = target.activities.map(({ perSecond, effects }) => ({
    perSecond,
    deeds: effects.map(toDeed),
  }));
  const up = meter.createGauge('up', { description: 'Whether the instance answers' });

  return (seconds) => {
    const moment = { seconds, instance, dice };
    const isDown = target.isDown?.(moment) ?? false;
    up.record(isDown ? 0 : 1);
    if (isDown) return;
    const perform = ({ write, amount, attributes }: Deed): void =>
      write(amountAt(amount, moment), attributes);
    everySecond.forEach(perform);
    for (const { perSecond, deeds } of activities) {
      for (let left = arrivals(amountAt(perSecond, moment), dice); left > 0; left--) deeds.forEach(perform);
    }
  };
}

function createWriters({ metrics }: Target, meter: Meter): ReadonlyMap<string, Deed['write']> {
  return new Map(Object.entries(metrics).map(([name, spec]) => [name, createWriter(name, spec, meter)]));
}

function createWriter(
  name: string,
  { kind, help, unit = '', bounds }: MetricSpec,
  meter: Meter,
): Deed['write'] {
  const options = { description: help, unit };
  switch (kind) {
    case 'counter': {
      const counter = meter.createCounter(name, options);
      return (value, attributes) => counter.add(value, attributes);
    }
    case 'gauge': {
      const gauge = meter.createGauge(name, options);
      return (value, attributes) => gauge.record(value, attributes);
    }
    case 'histogram': {
      const advice = bounds === undefined ? {} : { advice: { explicitBucketBoundaries: [...bounds] } };
      const histogram = meter.createHistogram(name, { ...options, ...advice });
      return (value, attributes) => histogram.record(value, attributes);
    }
  }
}

/** How many arrivals of a Poisson process fall into one second. */
function arrivals(perSecond: number, dice: Dice): number {
  let count = 0;
  if (!(perSecond > 0)) return count;
  for (let ms = dice.gapMs(perSecond); ms < 1000; ms += dice.gapMs(perSecond)) count++;
  return count;
}
