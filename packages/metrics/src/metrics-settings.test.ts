import { UsageError } from '@sluice/core/errors';
import { expect, test } from 'vitest';
import { createMetricsSettings, DEFAULT_METRICS_SETTINGS, readMetricsSettings } from './metrics-settings.ts';

test('the environment says how many shards there are', () => {
  expect(readMetricsSettings({})).toEqual(DEFAULT_METRICS_SETTINGS);
  expect(readMetricsSettings({ SLUICE_METRICS_SHARDS: '8' })).toEqual(createMetricsSettings({ shards: 8 }));
  for (const wrong of ['0', '1025', 'many']) {
    expect(() => readMetricsSettings({ SLUICE_METRICS_SHARDS: wrong })).toThrow(UsageError);
  }
});
