import { expect, test } from 'vitest';
import { toPushUrl } from './push-url.ts';

test.each([
  ['http://mimir:9009', 'http://mimir:9009/api/v1/push'],
  ['http://mimir:9009/', 'http://mimir:9009/api/v1/push'],
  ['http://prometheus:9090/api/v1/write', 'http://prometheus:9090/api/v1/write'],
  ['http://mimir/custom/api/v1/push/', 'http://mimir/custom/api/v1/push'],
  [
    'https://prometheus-prod-1.grafana.net/api/prom/push',
    'https://prometheus-prod-1.grafana.net/api/prom/push',
  ],
  ['https://prometheus-prod-1.grafana.net/api/prom', 'https://prometheus-prod-1.grafana.net/api/prom/push'],
  ['https://1:key@mimir/tenant', 'https://1:key@mimir/tenant/api/v1/push'],
])('%s is pushed to at %s', (url, target) => {
  expect(toPushUrl(url)).toBe(target);
});
