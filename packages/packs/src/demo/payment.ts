/** The payment service: charges a card at an outside gateway, tries again on faults, and gives up honestly. */
import { querySql } from './calls.ts';
import type { Sketch } from './sketch.ts';
import type { World } from './world.ts';

const MAX_ATTEMPTS = 3;
const PROVIDERS = ['cardway', 'northpay'] as const;

export interface Charge {
  readonly orderId: string;
  readonly amountCents: number;
}

/** 200 paid, 402 declined, 502 when the gateway kept failing. */
export function serveCharge(server: Sketch, { orderId, amountCents }: Charge, world: World): number {
  const { dice, tell } = world;
  const provider = dice.pick(PROVIDERS);
  server.set({ 'shop.order.id': orderId, 'shop.amount_cents': amountCents, 'payment.provider': provider });
  let outcome: Outcome = 'failed';
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && outcome === 'failed'; attempt++) {
    outcome = tryGateway(server, { provider, attempt }, world);
    tell({ kind: 'payment-attempt', provider, outcome });
    if (outcome === 'failed' && attempt < MAX_ATTEMPTS) {
      const waitMs = 40 * 2 ** attempt;
      server.event('retry', { attempt, 'retry.delay_ms': waitMs });
      server.log('WARN', `payment attempt ${attempt} of order ${orderId} failed, next in ${waitMs} ms`, {
        'shop.order.id': orderId,
        attempt,
      });
      server.spend(waitMs);
    }
  }
  querySql(
    server,
    {
      service: 'payment',
      operation: 'INSERT',
      table: 'charges',
      text: 'INSERT INTO charges (order_id, amount, outcome) VALUES ($1, $2, $3)',
      medianMs: 2.8,
    },
    dice,
  );
  return settle(server, { orderId, outcome });
}

type Outcome = 'paid' | 'declined' | 'failed';

function settle(server: Sketch, { orderId, outcome }: { orderId: string; outcome: Outcome }): number {
  const fields = { 'shop.order.id': orderId };
  if (outcome === 'paid') {
    server.log('INFO', `payment of order ${orderId} accepted`, fields);
    return 200;
  }
  if (outcome === 'declined') {
    server.log('INFO', `card declined for order ${orderId}`, fields);
    return 402;
  }
  server.event('exception', {
    'exception.type': 'GatewayUnavailable',
    'exception.message': `gateway gave no usable answer in ${MAX_ATTEMPTS} attempts`,
    'exception.stacktrace':
      'GatewayUnavailable: gateway gave no usable answer\n    at charge (payment.js:88:11)',
  });
  server.fail('GatewayUnavailable', 'payment gateway unavailable');
  server.log('ERROR', `payment of order ${orderId} failed after ${MAX_ATTEMPTS} attempts`, {
    ...fields,
    'exception.type': 'GatewayUnavailable',
    'exception.message': 'payment gateway unavailable',
  });
  return 502;
}

function tryGateway(
  server: Sketch,
  { provider, attempt }: { provider: string; attempt: number },
  world: World,
): Outcome {
  const { dice, brownout } = world;
  return server.child(
    {
      service: 'payment',
      name: 'POST',
      kind: 'client',
      attributes: {
        'http.request.method': 'POST',
        'url.full': `https://api.${provider}.example/v1/charges`,
        'server.address': `api.${provider}.example`,
        'server.port': 443,
        ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
      },
    },
    (client) => {
      client.spend(dice.latencyMs(brownout ? 420 : 95, brownout ? 0.8 : 0.4));
      if (dice.chance(brownout ? 0.55 : 0.03)) {
        const status = dice.pick([502, 503, 504]);
        client.set({ 'http.response.status_code': status });
        client.fail(String(status), `gateway answered ${status}`);
        return 'failed';
      }
      const declined = dice.chance(0.04);
      client.set({ 'http.response.status_code': declined ? 402 : 201 });
      if (declined) client.fail('402', 'card declined');
      return declined ? 'declined' : 'paid';
    },
  );
}
