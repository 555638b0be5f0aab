import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLocalSettings } from '@sluice/core/local-settings';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { parseRedactionFile } from '@sluice/ingest/redaction/parse-redaction-file';
import { makeLogRequest, makeTraceRequest } from '@sluice/otlp/testing/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRedaction } from '../local/redaction.ts';
import { createCloudRedaction } from './redaction.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-redaction-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const SHAPE = { seed: 3, services: 2, nowMs: 1_700_000_000_000 };
const REQUESTS = [
  ['logs', makeLogRequest({ ...SHAPE, records: 20 })],
  ['traces', makeTraceRequest({ ...SHAPE, spans: 20 })],
] as const;
const FILES: readonly (string | undefined)[] = [
  undefined,
  'rules: []\n',
  'redaction: {enabled: false}\n',
  'redaction:\n  deny: [service.name]\n',
  'redaction:\n  signals: [traces]\n  hash: [service.name]\n',
  'redaction:\n  allow: [service.name]\n  patterns: {ip: on}\n',
];
const SECRET = 'of the pseudonyms';

test('what is deployed redacts as local mode does, whatever file and mode', () => {
  const changed: boolean[] = [];
  for (const yaml of FILES) {
    for (const mode of ['', 'on', 'off', 'all']) {
      const configDir = mkdtempSync(join(dir, 'config-'));
      const env: Record<string, string> = { SLUICE_REDACTION: mode };
      if (yaml !== undefined) {
        writeFileSync(join(configDir, 'sluice.yml'), yaml);
        env.SLUICE_REDACTION_FILE = join(configDir, 'redaction.json');
        writeFileSync(env.SLUICE_REDACTION_FILE, JSON.stringify(parseRedactionFile(yaml, 'sluice.yml')));
      }
      const selfMetrics = createSelfMetrics();
      const cloud = createCloudRedaction(
        { env, secrets: { SLUICE_REDACTION_SECRET: SECRET } },
        selfMetrics,
      ).redact;
      const local = createRedaction(
        readLocalSettings({
          SLUICE_CONFIG_DIR: configDir,
          SLUICE_REDACTION_SECRET: SECRET,
          SLUICE_REDACTION: mode,
        }),
        selfMetrics,
      ).redact;
      expect(cloud === undefined, `${mode} of ${yaml}`).toBe(local === undefined);
      for (const [signal, bytes] of REQUESTS) {
        const [there, here] = [cloud?.(signal, bytes), local?.(signal, bytes)];
        expect(there, `${signal}, ${mode} of ${yaml}`).toEqual(here);
        changed.push(there !== undefined && there !== bytes);
      }
    }
  }
  expect([changed.includes(true), changed.includes(false)]).toEqual([true, true]);
});

test('pseudonyms without a secret stop the function at its start', () => {
  const file = join(dir, 'hash.json');
  writeFileSync(file, JSON.stringify(parseRedactionFile('redaction:\n  hash: [user]\n', 'sluice.yml')));
  const env = { SLUICE_REDACTION_FILE: file };
  expect(() => createCloudRedaction({ env, secrets: {} }, createSelfMetrics())).toThrow(
    'SLUICE_REDACTION_SECRET',
  );
});
