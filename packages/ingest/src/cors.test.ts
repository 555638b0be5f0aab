import { describe, expect, test } from 'vitest';
import { createCors } from './cors.ts';

const from = (origin: string, more: Record<string, string> = {}): Headers => new Headers({ origin, ...more });
const PREFLIGHT = { 'access-control-request-method': 'POST' };

describe('without listed origins', () => {
  const cors = createCors({ origins: [] });
  test('nothing is allowed', () => {
    expect(cors.preflight(from('https://shop.example', PREFLIGHT))).toBeUndefined();
    expect(cors.actual(from('https://shop.example'))).toEqual({});
  });
});

describe('with listed origins', () => {
  const cors = createCors({ origins: ['https://shop.example', 'https://*.apps.example:8443'] });

  test.each(['https://shop.example', 'HTTPS://SHOP.EXAMPLE', 'https://a.b.apps.example:8443'])(
    '%s is allowed',
    (origin) => {
      expect(cors.preflight(from(origin, PREFLIGHT))).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': expect.stringContaining('content-encoding'),
      });
      expect(cors.actual(from(origin))).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': expect.stringContaining('retry-after'),
        vary: 'origin',
      });
    },
  );

  test.each([
    'https://shop.example.evil',
    'http://shop.example',
    'https://apps.example:8443',
    'https://shopXexample',
    'null',
  ])('%s is not allowed', (origin) => {
    expect(cors.preflight(from(origin, PREFLIGHT))).toBeUndefined();
    expect(cors.actual(from(origin))).toEqual({ vary: 'origin' });
  });

  test('OPTIONS that asks for no method is no preflight', () => {
    expect(cors.preflight(from('https://shop.example'))).toBeUndefined();
  });
});
