import { expect, test } from 'vitest';
import { createOriginTest } from './origin-list.ts';

test.each([
  [['https://shop.example'], 'https://shop.example', true],
  [['https://shop.example'], 'https://SHOP.example', true],
  [['https://shop.example'], 'https://shopxexample', false],
  [['https://shop.example'], 'https://shop.example.evil', false],
  [['https://*.shop.example'], 'https://www.shop.example', true],
  [['https://*.shop.example'], 'https://shop.example', false],
  [['https://*.shop.example'], 'http://www.shop.example', false],
  [['*'], 'https://any.example', true],
  [['null'], 'null', true],
  [[], 'https://shop.example', false],
])('of %j, %s is one: %s', (origins, origin, isListed) => {
  expect(createOriginTest(origins)(origin)).toBe(isListed);
});
