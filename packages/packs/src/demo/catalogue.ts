/** What the shop sells, and how much of it is left. */
import type { Dice } from './dice.ts';

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
}

export const PRODUCTS: readonly Product[] = [
  { id: 'SKU-1001', name: 'Enamel mug', priceCents: 1490 },
  { id: 'SKU-1002', name: 'Canvas backpack', priceCents: 7900 },
  { id: 'SKU-1003', name: 'Trail shoes', priceCents: 12900 },
  { id: 'SKU-1004', name: 'Wool blanket', priceCents: 8900 },
  { id: 'SKU-1005', name: 'Head torch', priceCents: 3950 },
  { id: 'SKU-1006', name: 'Folding knife', priceCents: 4590 },
  { id: 'SKU-1007', name: 'Camp stove', priceCents: 6790 },
  { id: 'SKU-1008', name: 'Rain jacket', priceCents: 15900 },
];

const RESTOCK = 120;

/** Quantities by product id; the demo's only memory. */
export interface Stock {
  quantityOf(productId: string): number;
  /** False when there is not enough: nothing is taken then. */
  take(productId: string, quantity: number): boolean;
}

/** Shelves that now and then run empty; an empty one is refilled after some refused buyers. */
export function createStock(dice: Dice): Stock {
  const quantities = new Map(PRODUCTS.map(({ id }) => [id, 10 + dice.below(RESTOCK)]));
  const quantityOf = (productId: string): number => quantities.get(productId) ?? 0;
  return {
    quantityOf,
    take(productId, quantity) {
      const left = quantityOf(productId);
      if (left < quantity) {
        if (dice.chance(0.2)) quantities.set(productId, RESTOCK);
        return false;
      }
      quantities.set(productId, left - quantity);
      return true;
    },
  };
}
