import { expect, test } from 'vitest';
import { DEFAULT_BODY_LIMITS, toIngestLimits } from './ingest-limits.ts';

test('without overrides every signal has the defaults', () => {
  expect(toIngestLimits()).toEqual({
    traces: DEFAULT_BODY_LIMITS,
    logs: DEFAULT_BODY_LIMITS,
    metrics: DEFAULT_BODY_LIMITS,
  });
});

test('an override of one signal goes before the common one', () => {
  const limits = toIngestLimits({ maxWireBytes: 100, signals: { logs: { maxWireBytes: 7 } } });
  expect(limits.traces).toEqual({ ...DEFAULT_BODY_LIMITS, maxWireBytes: 100 });
  expect(limits.logs).toEqual({ ...DEFAULT_BODY_LIMITS, maxWireBytes: 7 });
});
