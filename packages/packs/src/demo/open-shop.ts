/** The web shop with all of its services, ready for visitors. */
import type { Clock } from '@sluice/core/ports/clock';
import { createStock } from './catalogue.ts';
import type { Dice } from './dice.ts';
import { emitVisit } from './emit-visit.ts';
import { createServiceTelemetry } from './service-telemetry.ts';
import { createShopMetrics } from './shop-metrics.ts';
import { latestEndMs, SERVICES, type ServiceName } from './sketch.ts';
import type { Tally } from './tally.ts';
import { planVisit } from './visits.ts';
import { isBrownout, type ShopFact } from './world.ts';

export interface Shop {
  /** One visit that ends now. */
  visit(sinceStartMs: number): void;
  /** Sends what is left and closes; failures are in the tally. */
  close(): Promise<void>;
}

export interface ShopOptions {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dice: Dice;
  readonly tally: Tally;
  readonly clock: Clock;
  tell(fact: ShopFact): void;
}

export function openShop({ endpoint, headers, dice, tally, clock, tell }: ShopOptions): Shop {
  const stock = createStock(dice);
  const services = Object.fromEntries(
    SERVICES.map((service) => [service, createServiceTelemetry(service, { endpoint, headers, dice, tally })]),
  ) as Record<ServiceName, ReturnType<typeof createServiceTelemetry>>;
  const metrics = createShopMetrics((service) => services[service].meter, stock);
  const hear = (fact: ShopFact): void => {
    tell(fact);
    metrics.recordFact(fact);
  };
  return {
    visit(sinceStartMs) {
      const plan = planVisit({ dice, stock, brownout: isBrownout(sinceStartMs), tell: hear });
      emitVisit(plan, { beginMs: clock.nowMs() - latestEndMs(plan), services, metrics });
    },
    close: async () => void (await Promise.all(SERVICES.map((service) => services[service].shutdown()))),
  };
}
