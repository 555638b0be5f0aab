/**
 * A folder of OTLP files from elsewhere (`SLUICE_SAMPLES_DIR`), sent by `sluice send`: what is conformant
 * is accepted whole and found again; what is not is refused or warned about. Without the setting there is
 * nothing to run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SIGNALS, type Signal } from '@sluice/core/names';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import { validateRequest } from '@sluice/otlp/validate';
import { describe, expect, test } from 'vitest';
import { makeDataDir, removeDataDir, runCli, startLocalProcess } from './local-process.ts';
import { expectRecordsFound, expectSpansFound } from './round-trip.ts';

const DIR = process.env.SLUICE_SAMPLES_DIR;

interface Sample {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
}

describe.skipIf(DIR === undefined)('the samples', () => {
  test('are accepted and found again, or refused with the reason', async () => {
    const dataDir = makeDataDir();
    await using pipeline = await startLocalProcess({}, dataDir);
    const files = listFiles(DIR!);
    const accepted: Record<Signal, Uint8Array[]> = { traces: [], logs: [], metrics: [] };
    let conformant = 0;
    for (const file of files) {
      const samples = readSamples(file);
      const { code, stdout, stderr } = await runCli(['send', file, '--json'], {
        SLUICE_URL: pipeline.ingestUrl,
      });
      const name = relative(DIR!, file);
      if (samples === undefined) {
        expect({ name, said: code !== 0 || /warn/i.test(stdout + stderr) }).toEqual({ name, said: true });
        continue;
      }
      conformant += 1;
      expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' });
      for (const { signal, bytes } of samples) accepted[signal].push(bytes);
    }
    expect(conformant).toBeGreaterThan(0);
    // Joined, since a trace may lie in several requests: repeated fields merge.
    await expectSpansFound(pipeline.apiUrl, Buffer.concat(accepted.traces));
    for (const bytes of accepted.logs) await expectRecordsFound(pipeline.apiUrl, bytes);
    await pipeline.end('SIGTERM');
    removeDataDir(dataDir);
  });
});

function listFiles(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** The requests of a file, or `undefined` when one of them is not wholly conformant. */
function readSamples(file: string): readonly Sample[] | undefined {
  const raw = readFileSync(file);
  const bytes = file.endsWith('.gz') ? gunzipSync(raw) : raw;
  const isJson = /\.(json|ndjson|jsonl)(\.gz)?$/.test(file);
  const samples: Sample[] = [];
  for (const text of isJson ? splitJson(bytes) : [bytes]) {
    const found = SIGNALS.map((signal) => read(text, signal, isJson)).find((sample) => sample !== undefined);
    if (found === undefined) return undefined;
    samples.push(found);
  }
  return samples;
}

function splitJson(bytes: Buffer): readonly Buffer[] {
  try {
    JSON.parse(bytes.toString());
    return [bytes];
  } catch {
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => Buffer.from(line));
  }
}

function read(text: Buffer, signal: Signal, isJson: boolean): Sample | undefined {
  try {
    const converted = isJson ? convertJsonRequest(signal, text) : { bytes: text, warnings: [] };
    const verdict = validateRequest(signal, converted.bytes, { nowMs: Date.now() });
    const isWhole = verdict.status === 'ok' && verdict.items > 0 && verdict.rejected === 0;
    return isWhole && converted.warnings.length === 0 ? { signal, bytes: converted.bytes } : undefined;
  } catch {
    return undefined;
  }
}
