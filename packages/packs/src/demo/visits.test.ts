import { describe, expect, test } from 'vitest';
import { createStock } from './catalogue.ts';
import { createDice } from './dice.ts';
import { drawVisit, latestEndMs, type PlannedSpan } from './sketch.ts';
import { planVisit } from './visits.ts';
import type { ShopFact } from './world.ts';

const flatten = (span: PlannedSpan): readonly PlannedSpan[] => [span, ...span.children.flatMap(flatten)];

function play(seed: number, { visits = 400, brownout = false } = {}) {
  const dice = createDice(seed);
  const stock = createStock(dice);
  const facts: ShopFact[] = [];
  const plans = Array.from({ length: visits }, () =>
    planVisit({ dice, stock, brownout, tell: (fact) => facts.push(fact) }),
  );
  return { plans, facts, spans: plans.flatMap(flatten) };
}

describe('visits', () => {
  test('one seed tells one story, another seed another', () => {
    expect(play(1)).toEqual(play(1));
    expect(play(1)).not.toEqual(play(2));
  });

  test('a span holds its children, unless they run in the background', () => {
    for (const span of play(3).spans.filter(({ kind }) => kind !== 'producer')) {
      for (const child of span.children) {
        expect(child.startMs).toBeGreaterThanOrEqual(span.startMs);
        expect(child.endMs).toBeLessThanOrEqual(span.endMs);
      }
    }
  });

  test('a server span follows its client span in another service, with the same status', () => {
    const calls = play(4).spans.filter(({ kind, children }) => kind === 'client' && children.length > 0);
    expect(calls.length).toBeGreaterThan(100);
    for (const { service, attributes, children } of calls) {
      const [server] = children;
      expect(server?.kind).toBe('server');
      expect(server?.service).not.toBe(service);
      expect(server?.attributes['http.response.status_code']).toBe(attributes['http.response.status_code']);
    }
  });

  test('a brownout of the gateway multiplies failed orders', () => {
    const failed = (brownout: boolean): number =>
      play(5, { visits: 2000, brownout }).facts.filter(
        (fact) => fact.kind === 'order' && fact.outcome === 'failed',
      ).length;
    expect(failed(false)).toBeLessThan(5);
    expect(failed(true)).toBeGreaterThan(20);
  });

  test('every order that was paid took its items from the shelf, and shelves never go below nothing', () => {
    const dice = createDice(6);
    const stock = createStock(dice);
    for (let i = 0; i < 500; i++) {
      const before = stock.quantityOf('SKU-1001');
      const taken = stock.take('SKU-1001', 3);
      expect(taken).toBe(before >= 3);
      if (taken) expect(stock.quantityOf('SKU-1001')).toBe(before - 3);
      expect(stock.quantityOf('SKU-1001')).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('sketches', () => {
  const head = { service: 'cart', kind: 'internal' } as const;

  test('what runs together takes as long as the slowest, what runs aside takes no time', () => {
    const visit = drawVisit({ ...head, name: 'root' }, (root) => {
      root.spend(1);
      root.together([
        () => root.child({ ...head, name: 'slow' }, (span) => span.spend(10)),
        () => root.child({ ...head, name: 'fast' }, (span) => span.spend(4)),
      ]);
      root.aside(() => root.child({ ...head, name: 'later' }, (span) => span.spend(50)));
      root.spend(1);
    });
    expect(flatten(visit).map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
      ['root', 0, 12],
      ['slow', 1, 11],
      ['fast', 1, 5],
      ['later', 11, 61],
    ]);
    expect(latestEndMs(visit)).toBe(61);
  });

  test('the first failure stands', () => {
    const visit = drawVisit({ ...head, name: 'root' }, (root) => {
      root.fail('Timeout', 'took too long');
      root.fail('503', 'HTTP 503');
    });
    expect([visit.error, visit.attributes['error.type']]).toEqual(['took too long', 'Timeout']);
  });
});
