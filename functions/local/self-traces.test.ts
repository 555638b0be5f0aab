import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLocalSettings } from '@sluice/core/local-settings';
import { expect, test } from 'vitest';
import { startLocal } from './start-local.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

async function post(ratio: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-self-'));
  const env = {
    SLUICE_DATA_DIR: dataDir,
    SLUICE_INGEST_PORT: '0',
    SLUICE_API_PORT: '0',
    SLUICE_LOG_LEVEL: 'error',
  };
  const settings = readLocalSettings({ ...env, SLUICE_SELF_TRACES_RATIO: ratio });
  const pipeline = await startLocal(settings, { writeLog: () => {} });
  try {
    const response = await fetch(`${pipeline.ingestUrl}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
      body: '{"resourceLogs":[]}',
    });
    expect(response.status).toBe(200);
    for (let i = 0; i < 40; i++) {
      const found = await fetch(`${pipeline.apiUrl}/jaeger/api/traces/${TRACE}`);
      const text = await found.text();
      if (found.ok || ratio === '') return { status: found.status, text };
      await sleep(25);
    }
    return { status: 404, text: '' };
  } finally {
    await pipeline.stop();
    rmSync(dataDir, { recursive: true });
  }
}

test('a request is a span below the one of its sender, read as any other trace', async () => {
  const { status, text } = await post('1');
  const [{ spans, processes }] = (JSON.parse(text) as { data: [{ spans: object[]; processes: object }] })
    .data;
  expect(status).toBe(200);
  expect(spans).toMatchObject([
    { operationName: 'POST /v1/logs', references: [{ spanID: 'b7ad6b7169203331' }] },
  ]);
  expect(Object.values(processes)).toMatchObject([{ serviceName: 'sluice' }]);
});

test('none are made unless they are asked for', async () => {
  expect((await post('')).status).toBe(404);
});
