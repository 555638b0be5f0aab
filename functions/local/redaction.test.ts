import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLocalSettings } from '@sluice/core/local-settings';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { makeLogRequest } from '@sluice/otlp/testing/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRedaction } from './redaction.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const PLAIN = makeLogRequest({ records: 1 });
/** As many bytes, so that the framing holds. */
const SECRET = Buffer.from(Buffer.from(PLAIN).toString('latin1').replace('http.', 'eyJh.'), 'latin1');

function redactionOf(env: Record<string, string>, yaml?: string) {
  writeFileSync(join(dir, 'sluice.yml'), yaml ?? '');
  return createRedaction(readLocalSettings({ SLUICE_CONFIG_DIR: dir, ...env }), createSelfMetrics()).redact;
}

test('it is on for logs without any setting, and off where it is switched off', () => {
  expect(createRedaction(readLocalSettings({}), createSelfMetrics()).redact).toBeDefined();
  expect(redactionOf({})?.('logs', SECRET)).toBe(SECRET);
  expect(redactionOf({ SLUICE_REDACTION: 'off' })).toBeUndefined();
  expect(redactionOf({}, 'redaction:\n  enabled: false\n')).toBeUndefined();
  expect(redactionOf({ SLUICE_REDACTION: 'on' }, 'redaction: {enabled: false}')).toBeDefined();
});

test('names of sluice.yml are taken out of logs, and of traces where all is asked for', () => {
  const yaml = 'rules: []\nredaction:\n  deny: [service.name]\n';
  expect(redactionOf({}, yaml)?.('logs', PLAIN)).not.toEqual(PLAIN);
  expect(redactionOf({}, yaml)?.('traces', PLAIN)).toBe(PLAIN);
  expect(redactionOf({ SLUICE_REDACTION: 'all' }, yaml)?.('traces', PLAIN)).not.toBe(undefined);
});

test.each([
  ['redaction: [', 'sluice.yml:1:'],
  ['redaction:\n  denny: []', 'sluice.yml: redaction.denny: "denny" is not a setting'],
])('%j is refused with its place', (yaml, message) => {
  expect(() => redactionOf({}, yaml)).toThrow(message);
});
