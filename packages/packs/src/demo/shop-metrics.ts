/** The shop's instruments: request durations of every service, orders, payments, carts and stock. */
import type { Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import { PRODUCTS, type Stock } from './catalogue.ts';
import type { PlannedSpan, ServiceName } from './sketch.ts';
import type { ShopFact } from './world.ts';

/** Boundaries in seconds that the HTTP metric conventions advise. */
const DURATION_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const VALUE_BOUNDARIES = [10, 25, 50, 100, 150, 200, 300, 500];

export interface ShopMetrics {
  recordSpan(span: PlannedSpan): void;
  recordFact(fact: ShopFact): void;
}

export function createShopMetrics(meterOf: (service: ServiceName) => Meter, stock: Stock): ShopMetrics {
  const durations = new Map<ServiceName, Histogram>();
  const durationOf = (service: ServiceName): Histogram => {
    const known =
      durations.get(service) ??
      meterOf(service).createHistogram('http.server.request.duration', {
        description: 'Duration of HTTP server requests',
        unit: 's',
        advice: { explicitBucketBoundaries: DURATION_BOUNDARIES },
      });
    durations.set(service, known);
    return known;
  };
  const orders: Counter = meterOf('checkout').createCounter('shop.orders', {
    description: 'Orders by how they ended',
    unit: '{order}',
  });
  const orderValue: Histogram = meterOf('checkout').createHistogram('shop.order.value', {
    description: 'Value of placed orders',
    unit: '{EUR}',
    advice: { explicitBucketBoundaries: VALUE_BOUNDARIES },
  });
  const attempts: Counter = meterOf('payment').createCounter('shop.payment.attempts', {
    description: 'Calls of the payment gateway by provider and outcome',
    unit: '{attempt}',
  });
  const cartItems: UpDownCounter = meterOf('cart').createUpDownCounter('shop.cart.items', {
    description: 'Items in all carts',
    unit: '{item}',
  });
  meterOf('inventory')
    .createObservableGauge('shop.inventory.stock', { description: 'Quantity on the shelf', unit: '{item}' })
    .addCallback((observe) => {
      for (const { id } of PRODUCTS) observe.observe(stock.quantityOf(id), { 'shop.product.id': id });
    });
  meterOf('storefront')
    .createObservableGauge('process.memory.usage', { description: 'Resident memory', unit: 'By' })
    .addCallback((observe) => observe.observe(process.memoryUsage.rss()));

  return {
    recordSpan({ service, kind, startMs, endMs, attributes }) {
      const route = attributes['http.route'];
      if (kind !== 'server' || route === undefined) return;
      const errorType = attributes['error.type'];
      durationOf(service).record((endMs - startMs) / 1000, {
        'http.request.method': attributes['http.request.method'],
        'http.route': route,
        'http.response.status_code': attributes['http.response.status_code'],
        ...(errorType === undefined ? {} : { 'error.type': errorType }),
      });
    },
    recordFact(fact) {
      switch (fact.kind) {
        case 'order':
          orders.add(1, { outcome: fact.outcome });
          if (fact.outcome === 'placed') orderValue.record(fact.valueCents / 100);
          return;
        case 'payment-attempt':
          attempts.add(1, { provider: fact.provider, outcome: fact.outcome });
          return;
        case 'cart-items':
          cartItems.add(fact.delta);
      }
    },
  };
}
