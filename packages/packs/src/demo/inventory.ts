/** The inventory service: product pages from PostgreSQL, and reservations that can fail for lack of stock. */
import { querySql } from './calls.ts';
import type { Product } from './catalogue.ts';
import type { Sketch } from './sketch.ts';
import type { World } from './world.ts';

export function serveProduct(server: Sketch, product: Product, { dice }: World): number {
  server.set({ 'shop.product.id': product.id });
  querySql(
    server,
    {
      service: 'inventory',
      operation: 'SELECT',
      table: 'products',
      text: 'SELECT id, name, price, stock FROM products WHERE id = $1',
      medianMs: 2.2,
    },
    dice,
  );
  server.spend(dice.latencyMs(0.8));
  return 200;
}

export function serveSearch(server: Sketch, term: string, { dice }: World): number {
  const found = dice.below(9);
  querySql(
    server,
    {
      service: 'inventory',
      operation: 'SELECT',
      table: 'products',
      text: 'SELECT id, name FROM products WHERE name ILIKE $1 ORDER BY rank DESC LIMIT 20',
      medianMs: 8,
    },
    dice,
  );
  server.spend(dice.latencyMs(1.5));
  server.log('INFO', `search for "${term}" found ${found} products`, {
    'search.term': term,
    'search.hits': found,
  });
  return 200;
}

/** 409 when the shelf is empty: an answer, not an error of the service. */
export function serveReservation(
  server: Sketch,
  order: { productId: string; quantity: number },
  { dice, stock }: World,
): number {
  const { productId, quantity } = order;
  const reserved = stock.take(productId, quantity);
  querySql(
    server,
    {
      service: 'inventory',
      operation: 'UPDATE',
      table: 'stock',
      text: 'UPDATE stock SET quantity = quantity - $2 WHERE product_id = $1 AND quantity >= $2',
      medianMs: 3.5,
    },
    dice,
  );
  server.set({ 'shop.product.id': productId, 'shop.quantity': quantity, 'shop.reserved': reserved });
  if (!reserved) {
    server.log('WARN', `out of stock: ${productId}`, {
      'shop.product.id': productId,
      'shop.quantity': quantity,
    });
  }
  return reserved ? 200 : 409;
}
