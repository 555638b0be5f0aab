import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createContext, isSampled, parseTraceparent, toTraceparent } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a traceparent', () => {
  test.each([
    [`00-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-00`],
    [` 00-${TRACE}-${SPAN}-01 `],
    [`01-${TRACE}-${SPAN}-01-what-comes-later`],
  ])('%j names its span', (text) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN });
  });

  test.each([
    [undefined],
    [null],
    [''],
    [`ff-${TRACE}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}-01-more`],
    [`00-${'0'.repeat(32)}-${SPAN}-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`],
    [`00-${TRACE}-${SPAN}`],
  ])('%j is none', (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test('is read back from what is written', () => {
    const context = createContext(undefined);
    expect(parseTraceparent(toTraceparent(context))).toEqual(context);
    const child = createContext(context);
    expect([child.traceId, child.spanId === context.spanId]).toEqual([context.traceId, false]);
  });
});

describe('sampling', () => {
  test('keeps all at 1, none at 0, and about the share in between', () => {
    const contexts = Array.from({ length: 20_000 }, () => createContext(undefined));
    const kept = (ratio: number): number => contexts.filter((context) => isSampled(context, ratio)).length;
    expect([kept(0), kept(1)]).toEqual([0, 20_000]);
    // Within six standard deviations.
    expect(Math.abs(kept(0.1) - 2000)).toBeLessThan(255);
  });

  test('decides by the id alone, and whoever keeps less keeps some of the same', () => {
    const hex = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(hex, fc.double({ min: 0, max: 1, noNaN: true }), (digits, ratio) => {
        const traceId = digits.map((digit) => digit.toString(16)).join('');
        const kept = isSampled({ traceId }, ratio);
        expect(isSampled({ traceId }, ratio)).toBe(kept);
        if (kept) expect(isSampled({ traceId }, Math.min(1, ratio * 1.5))).toBe(true);
      }),
    );
  });
});
