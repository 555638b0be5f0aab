import { expect, test } from 'vitest';
import { GRAFANA_CLOUD, PRICE_SOURCES, PRICES, priceOf, priceOrUsEast, REGIONS } from './cloud-prices.ts';

test('every price is above nothing, and says where and when it was read', () => {
  for (const { source, usd } of Object.values(PRICES)) {
    expect(usd).toHaveLength(REGIONS.length);
    expect(usd.filter((price) => price !== undefined && price <= 0)).toEqual([]);
    expect(PRICE_SOURCES[source].url).toMatch(/^https:\/\//);
    expect(PRICE_SOURCES[source].date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  }
});

test('every source has a price', () => {
  const used = new Set<string>([...Object.values(PRICES).map(({ source }) => source), 'grafana']);
  expect(Object.keys(PRICE_SOURCES).filter((name) => !used.has(name))).toEqual([]);
  expect(GRAFANA_CLOUD.ingestGb).toBeCloseTo(0.55);
});

test('regions are never cheaper than us-east-1', () => {
  for (const { usd } of Object.values(PRICES)) {
    for (const price of usd) expect(price ?? usd[0]).toBeGreaterThanOrEqual(usd[0]);
  }
});

test('what was not found is unknown, and the price of us-east-1 stands in when asked for', () => {
  expect(priceOf('httpApiRequest', 'eu-central-1')).toBeUndefined();
  expect(priceOrUsEast('httpApiRequest', 'eu-central-1')).toBe(1e-6);
  expect(priceOf('dynamoWriteUnit', 'eu-central-1')).toBe(0.7625e-6);
});
