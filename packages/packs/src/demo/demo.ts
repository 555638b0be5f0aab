/** Runs the shop and the systems against an OTLP endpoint and says every second what was sent. */
import type { Clock } from '@sluice/core/ports/clock';
import type { DemoOptions } from './demo-options.ts';
import { createDice } from './dice.ts';
import { openShop } from './open-shop.ts';
import { startSystems } from './systems/start-systems.ts';
import { SHOP, SYSTEMS } from './systems/systems.ts';
import { type Counts, createTally } from './tally.ts';
import { runTraffic } from './traffic.ts';
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
  options: DemoOptions,
  { clock, signal, print }: DemoSurroundings,
): Promise<DemoOutcome> {
  const { plays, endpoint, headers, seed, durationMs } = options;
  const dice = createDice(seed);
  const tally = createTally();
  const hasShop = plays.includes(SHOP);
  const report = createReport(print, hasShop);
  const tell = report.countFact;
  const shop = hasShop ? openShop({ endpoint, headers, dice, tally, clock, tell }) : undefined;
  const systemNames = plays.filter((name) => name !== SHOP);
  const systems = startSystems(systemNames, { endpoint, headers, seed, tally });

  const titles = systemNames.map((name) => SYSTEMS[name].title);
  const scene = [...(hasShop ? [`web shop (${options.visitsPerSecond} visits/s)`] : []), ...titles].join(
    ', ',
  );
  print(`${scene} to ${endpoint}, seed ${seed}; Ctrl-C ends it`);
  const playSystems = (seconds: number): void => {
    for (const news of systems.playUntil(seconds)) print(`${timeOfDay(clock.nowMs())}  ${news}`);
  };
  playSystems(0);
  await runTraffic({
    visitsPerSecond: hasShop ? options.visitsPerSecond : 0,
    ...(durationMs === undefined ? {} : { durationMs }),
    clock,
    dice,
    signal,
    onVisit(sinceStartMs) {
      shop?.visit(sinceStartMs);
      report.countVisit();
    },
    onSecond(seconds) {
      playSystems(seconds);
      report.second(clock.nowMs(), {
        sent: tally.sent(),
        failed: tally.failed(),
        error: tally.lastError(),
        brownout: hasShop && isBrownout(seconds * 1000),
      });
    },
  });
  print('ends: sending what is left');
  await Promise.all([shop?.close(), systems.shutdown()]);

  const outcome = { visits: report.visits(), sent: tally.sent(), failed: tally.failed() };
  print(`sent ${describe(outcome.sent)}${hasShop ? ` of ${outcome.visits} visits` : ''}`);
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

function createReport(print: (line: string) => void, hasShop: boolean) {
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
        `${timeOfDay(nowMs)}  sent ${describe(minus(sent, last.sent))}`,
        ...(hasShop ? [`${visits - last.visits} visits, ${placed} orders, ${lost} lost`] : []),
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

function timeOfDay(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(11, 19);
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
