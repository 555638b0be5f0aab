/** The checkout service: cart, reservation, payment, order, and the message that announces it. */
import { callHttp, queryRedis, querySql } from './calls.ts';
import { PRODUCTS } from './catalogue.ts';
import { serveReservation } from './inventory.ts';
import { serveCharge } from './payment.ts';
import type { Sketch } from './sketch.ts';
import type { World } from './world.ts';

/** 201 placed, 402 declined, 409 out of stock, 502 when payment kept failing. */
export function serveCheckout(server: Sketch, userId: string, world: World): number {
  const { dice, tell } = world;
  const product = dice.pick(PRODUCTS);
  const quantity = 1 + dice.below(3);
  const valueCents = product.priceCents * quantity;
  const orderId = `ORD-${dice.hex(8)}`;
  server.set({ 'shop.order.id': orderId, 'shop.order.value_cents': valueCents });

  callHttp(
    server,
    { from: 'checkout', to: 'cart', method: 'GET', route: '/carts/{user}', path: `/carts/${userId}` },
    { dice, serve: (cart) => serveCart(cart, { command: 'HGETALL', userId }, world) },
  );
  const reserved = callHttp(
    server,
    { from: 'checkout', to: 'inventory', method: 'POST', route: '/reservations', path: '/reservations' },
    { dice, serve: (inventory) => serveReservation(inventory, { productId: product.id, quantity }, world) },
  );
  if (reserved !== 200) {
    tell({ kind: 'order', outcome: 'out-of-stock', valueCents });
    return 409;
  }
  const paid = callHttp(
    server,
    { from: 'checkout', to: 'payment', method: 'POST', route: '/charges', path: '/charges' },
    { dice, serve: (payment) => serveCharge(payment, { orderId, amountCents: valueCents }, world) },
  );
  if (paid !== 200) {
    tell({ kind: 'order', outcome: paid === 402 ? 'declined' : 'failed', valueCents });
    if (paid !== 402)
      server.log('ERROR', `order ${orderId} could not be paid`, {
        'shop.order.id': orderId,
        'user.id': userId,
      });
    return paid;
  }
  placeOrder(server, { orderId, quantity }, world);
  tell({ kind: 'order', outcome: 'placed', valueCents });
  tell({ kind: 'cart-items', delta: -quantity });
  server.log('INFO', `order ${orderId} placed`, {
    'shop.order.id': orderId,
    'user.id': userId,
    'shop.order.value_cents': valueCents,
  });
  return 201;
}

/** The cart service keeps carts in Redis. */
export function serveCart(
  server: Sketch,
  { command, userId }: { command: string; userId: string },
  { dice }: World,
): number {
  queryRedis(server, { service: 'cart', command, key: `cart:${userId}` }, dice);
  server.spend(dice.latencyMs(0.9));
  return 200;
}

function placeOrder(
  server: Sketch,
  { orderId, quantity }: { orderId: string; quantity: number },
  { dice }: World,
): void {
  querySql(
    server,
    {
      service: 'checkout',
      operation: 'INSERT',
      table: 'orders',
      text: 'INSERT INTO orders (id, user_id, value) VALUES ($1, $2, $3)',
      medianMs: 3.1,
    },
    dice,
  );
  const messaging = {
    'messaging.system': 'kafka',
    'messaging.destination.name': 'orders',
    'messaging.message.id': orderId,
  };
  server.child(
    {
      service: 'checkout',
      name: 'send orders',
      kind: 'producer',
      attributes: { ...messaging, 'messaging.operation.type': 'send' },
    },
    (producer) => {
      producer.spend(dice.latencyMs(1.2));
      producer.aside(() => {
        producer.spend(dice.latencyMs(4));
        producer.child(
          {
            service: 'inventory',
            name: 'process orders',
            kind: 'consumer',
            attributes: { ...messaging, 'messaging.operation.type': 'process', 'shop.quantity': quantity },
          },
          (consumer) => consumer.spend(dice.latencyMs(6)),
        );
      });
    },
  );
}
