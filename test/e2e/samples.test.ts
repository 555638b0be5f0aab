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
import { findLogs } from './pipeline-client.ts';
import { expectRecordsFound, expectSpansFound } from './round-trip.ts';

const DIR = process.env.SLUICE_SAMPLES_DIR;

/** What must become of a file. */
interface Sample {
  readonly file: string;
  /** What is left of each request once bad items are cut out, by signal. */
  readonly kept: Readonly<Record<Signal, readonly Uint8Array[]>>;
  readonly accepted: number;
  readonly rejected: number;
  /** Nothing is rejected, refused or said to be written otherwise than OTLP wants. */
  readonly isConformant: boolean;
}

interface Report {
  readonly file: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly notes: readonly { readonly kind: 'rejected' | 'warned' | 'refused'; readonly reason: string }[];
}

describe.skipIf(DIR === undefined)('the samples', () => {
  test('are accepted and found again, or refused with the reason', async () => {
    const dataDir = makeDataDir();
    try {
      await using pipeline = await startLocalProcess({}, dataDir);
      const samples = listFiles(DIR!).map(readSample);
      expect(samples.filter(({ isConformant }) => isConformant).length).toBeGreaterThan(0);
      const files = samples.map(({ file }) => file);
      const { stdout } = await runCli(['send', ...files, '--json'], { SLUICE_URL: pipeline.ingestUrl });
      const { files: reports } = JSON.parse(stdout) as { files: readonly Report[] };
      expect(
        reports.map(({ file, accepted, rejected }) => ({ file: relative(DIR!, file), accepted, rejected })),
      ).toEqual(
        samples.map(({ file, accepted, rejected }) => ({ file: relative(DIR!, file), accepted, rejected })),
      );
      for (const [index, { isConformant, file }] of samples.entries()) {
        const { notes } = reports[index]!;
        // That a recording is old is said of the conformant ones as well.
        const said = notes.filter(
          ({ kind, reason }) =>
            kind !== 'warned' || !/^accepted with warnings: [^;]* is more than [^;]*$/.test(reason),
        );
        if (isConformant) expect({ file, said }).toEqual({ file, said: [] });
        else expect({ file, said }).not.toEqual({ file, said: [] });
      }
      // Joined, since a trace may lie in several requests: repeated fields merge.
      await expectSpansFound(pipeline.apiUrl, Buffer.concat(samples.flatMap(({ kept }) => kept.traces)));
      await expectRecordsFound(
        (selection) => findLogs(pipeline.apiUrl, selection),
        ...samples.flatMap(({ kept }) => kept.logs),
      );
      await pipeline.end('SIGTERM');
    } finally {
      removeDataDir(dataDir);
    }
  });
});

function listFiles(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

function readSample(file: string): Sample {
  const raw = readFileSync(file);
  const bytes = file.endsWith('.gz') ? gunzipSync(raw) : raw;
  const isJson = /\.(json|ndjson|jsonl)(\.gz)?$/.test(file);
  const kept: Record<Signal, Uint8Array[]> = { traces: [], logs: [], metrics: [] };
  let [accepted, rejected, isConformant] = [0, 0, true];
  for (const text of isJson ? splitJson(bytes) : [bytes]) {
    const found = SIGNALS.map((signal) => readRequest(text, signal, isJson)).find((one) => one !== undefined);
    isConformant &&= found?.isConformant ?? false;
    if (found === undefined) continue;
    accepted += found.items;
    rejected += found.rejected;
    if (found.items > 0) kept[found.signal].push(found.bytes);
  }
  return { file, kept, accepted, rejected, isConformant };
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

/** `undefined` when the text is no request of the signal. */
function readRequest(text: Buffer, signal: Signal, isJson: boolean) {
  try {
    const { bytes, warnings } = isJson
      ? convertJsonRequest(signal, text)
      : { bytes: text, warnings: [] as readonly string[] };
    const verdict = validateRequest(signal, bytes, { nowMs: Date.now() });
    if (verdict.status !== 'ok' || verdict.items + verdict.rejected === 0) return undefined;
    const then = validateRequest(signal, bytes, { nowMs: verdict.latestMs ?? Date.now() });
    const isConformant =
      verdict.rejected === 0 && then.status === 'ok' && then.warnings.length + warnings.length === 0;
    return { signal, bytes: verdict.bytes, items: verdict.items, rejected: verdict.rejected, isConformant };
  } catch {
    return undefined;
  }
}
