/** The signing key of a pipeline that runs is replaced: what was sealed before and after proves as one log. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rotateAuditKeyCommand } from '@sluice/cli/audit/rotate-key-command';
import { readLocalSettings } from '@sluice/core/local-settings';
import { expect, test } from 'vitest';
import { startLocal } from './start-local.ts';

test('a trail is proved across a rotation of its key', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-rotation-'));
  const settings = readLocalSettings({
    SLUICE_DATA_DIR: dataDir,
    SLUICE_INGEST_PORT: '0',
    SLUICE_API_PORT: '0',
    SLUICE_TICK_SECONDS: '1',
    SLUICE_LOG_LEVEL: 'error',
  });
  const lines: string[] = [];
  const sealOne = async (
    id: string,
    size: number,
  ): Promise<{ keys: string[]; ok: boolean; signedBy: number }> => {
    const pipeline = await startLocal(settings, { writeLog: (line) => void lines.push(line) });
    try {
      const sent = await fetch(`${pipeline.ingestUrl}/v1/audit`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id, type: 'LOGIN', action: 'login', actor: { id: 'u' } }),
      });
      expect(sent.status).toBeLessThan(300);
      const api = `${pipeline.apiUrl}/v1/audit`;
      let notes: string[] = [];
      for (let i = 0; i < 200 && !notes.some((note) => Number(note.split('\n')[1]) >= size); i++) {
        await sleep(50);
        ({ checkpoints: notes } = (await (await fetch(`${api}/checkpoints?limit=100`)).json()) as {
          checkpoints: string[];
        });
      }
      const keys = (await (await fetch(`${api}/key`)).text()).trim().split('\n');
      const { ok } = (await (await fetch(`${api}/verify`, { method: 'POST' })).json()) as { ok: boolean };
      const hash = Buffer.from(notes[0]!.trim().split(' ').at(-1)!, 'base64').subarray(0, 4).toString('hex');
      return { keys, ok, signedBy: keys.findIndex((key) => key.split('+')[1] === hash) };
    } finally {
      await pipeline.stop();
    }
  };
  try {
    const before = await sealOne('e1', 1);
    expect(before).toMatchObject({ ok: true, signedBy: 0, keys: [expect.any(String)] });
    const io = { env: {}, cwd: dataDir, stdout: { write: () => true } };
    const rotate = rotateAuditKeyCommand.run as unknown as (call: object, io: object) => Promise<number>;
    await rotate({ options: { 'data-dir': dataDir }, positionals: [], json: false }, io);
    const after = await sealOne('e2', 3);
    expect(after).toMatchObject({ ok: true, signedBy: 0 });
    expect(after.keys).toEqual([expect.any(String), ...before.keys]);
    expect(lines.filter((line) => line.includes('tampered'))).toEqual([]);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
