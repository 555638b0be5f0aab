/** Runs the shop against an OTLP endpoint and says every second what was sent. */
import type { Clock } from '@sluice/core/ports/clock';
import { createStock } from './catalogue.ts';
import type { DemoOptions } from './demo-options.ts';
import { createDice } from './dice.ts';
import { emitVisit } from './emit-visit.ts';
import { createServiceTelemetry } from './service-telemetry.ts';
import { createShopMetrics } from './shop-metrics.ts';
import { latestEndMs, SERVICES, type ServiceName } from './sketch.ts';
import { type Counts, createTally } from './tally.ts';
import { runTraffic } from './traffic.ts';
import { planVisit } from './visits.ts';
import { isBrownout, type ShopFact } from './world.ts';

export interface DemoSurroundings {
  readonly clock: Clock;
  /** Ends the traffic; what is buffered is still sent. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

export interface DemoOutcome {
  readonly visits: number;
  readonly sent: Counts;
  readonly failed: Counts;
}

export async function runDemo(
  options: Omit<DemoOptions, 'headers'>,
  { clock, signal, print }: DemoSurroundings,
): Promise<DemoOutcome> {
  const { endpoint, seed, visitsPerSecond, durationMs } = options;
  const dice = createDice(seed);
  const stock = createStock(dice);
  const tally = createTally();
  const services = Object.fromEntries(
    SERVICES.map((service) => [service, createServiceTelemetry(service, { endpoint, dice, tally })]),
  ) as Record<ServiceName, ReturnType<typeof createServiceTelemetry>>;
  const metrics = createShopMetrics((service) => services[service].meter, stock);
  const report = createReport(print);

  print(`shop opens: ${visitsPerSecond} visits/s to ${endpoint}, seed ${seed}; Ctrl-C closes it`);
  await runTraffic({
    visitsPerSecond,
    ...(durationMs === undefined ? {} : { durationMs }),
    clock,
    dice,
    signal,
    onVisit(sinceStartMs) {
      const tell = (fact: ShopFact): void => {
        report.countFact(fact);
        metrics.recordFact(fact);
      };
      const plan = planVisit({ dice, stock, brownout: isBrownout(sinceStartMs), tell });
      emitVisit(plan, { beginMs: clock.nowMs() - latestEndMs(plan), services, metrics });
      report.countVisit();
    },
    onSecond: (seconds) =>
      report.second(clock.nowMs(), {
        sent: tally.sent(),
        failed: tally.failed(),
        error: tally.lastError(),
        brownout: isBrownout(seconds * 1000),
      }),
  });
  print('shop closes: sending what is left');
  await Promise.all(SERVICES.map((service) => services[service].shutdown()));

  const outcome = { visits: report.visits(), sent: tally.sent(), failed: tally.failed() };
  print(`sent ${describe(outcome.sent)} of ${outcome.visits} visits`);
  if (total(outcome.failed) > 0)
    print(`could not send ${describe(outcome.failed)}: ${tally.lastError() ?? 'unknown error'}`);
  return outcome;
}

interface Second {
  readonly sent: Counts;
  readonly failed: Counts;
  readonly error: string | undefined;
  readonly brownout: boolean;
}

function createReport(print: (line: string) => void) {
  const nothing: Counts = { spans: 0, logs: 0, points: 0 };
  let last = { sent: nothing, failed: nothing, visits: 0 };
  let visits = 0;
  let placed = 0;
  let lost = 0;
  return {
    visits: () => visits,
    countVisit: () => void visits++,
    countFact(fact: ShopFact) {
      if (fact.kind !== 'order') return;
      if (fact.outcome === 'placed') placed++;
      else lost++;
    },
    second(nowMs: number, { sent, failed, error, brownout }: Second) {
      const notSent = minus(failed, last.failed);
      const parts = [
        `${new Date(nowMs).toISOString().slice(11, 19)}  sent ${describe(minus(sent, last.sent))}`,
        `${visits - last.visits} visits, ${placed} orders, ${lost} lost`,
        ...(brownout ? ['payment gateway failing'] : []),
        ...(total(notSent) > 0 ? [`NOT SENT ${describe(notSent)}: ${error ?? 'unknown error'}`] : []),
      ];
      print(parts.join(' · '));
      last = { sent, failed, visits };
      placed = 0;
      lost = 0;
    },
  };
}

function minus(a: Counts, b: Counts): Counts {
  return { spans: a.spans - b.spans, logs: a.logs - b.logs, points: a.points - b.points };
}

function total({ spans, logs, points }: Counts): number {
  return spans + logs + points;
}

function describe({ spans, logs, points }: Counts): string {
  return `${spans} spans, ${logs} logs, ${points} points`;
}
