/** What a journey knows of its surroundings, and what it tells them for the business metrics. */
import type { Stock } from './catalogue.ts';
import type { Dice } from './dice.ts';

export type ShopFact =
  | {
      readonly kind: 'order';
      readonly outcome: 'placed' | 'out-of-stock' | 'declined' | 'failed';
      readonly valueCents: number;
    }
  | {
      readonly kind: 'payment-attempt';
      readonly provider: string;
      readonly outcome: 'paid' | 'declined' | 'failed';
    }
  /** Items put into (positive) or taken out of carts. */
  | { readonly kind: 'cart-items'; readonly delta: number };

export interface World {
  readonly dice: Dice;
  readonly stock: Stock;
  /** The payment gateway is slow and failing for a while. */
  readonly brownout: boolean;
  tell(fact: ShopFact): void;
}

const CYCLE_MS = 120_000;
const BROWNOUT_MS = 20_000;

/** The last 20 s of every two minutes of a run. */
export function isBrownout(sinceStartMs: number): boolean {
  return sinceStartMs % CYCLE_MS >= CYCLE_MS - BROWNOUT_MS;
}
