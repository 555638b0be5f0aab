/** What has passed once has to go on passing: counts by file, compared with those of the last good run. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface Counts {
  readonly pass: number;
  readonly fail: number;
  readonly skip: number;
}

export type Ratchet = Readonly<Record<string, Pick<Counts, 'pass' | 'skip'>>>;

const RATCHET_FILE = new URL('ratchet.json', import.meta.url);

export function readRatchet(): Ratchet {
  return JSON.parse(readFileSync(RATCHET_FILE, 'utf8')) as Ratchet;
}

export function writeRatchet(counts: ReadonlyMap<string, Counts>): void {
  const ratchet = Object.fromEntries([...counts].map(([file, { pass, skip }]) => [file, { pass, skip }]));
  writeFileSync(RATCHET_FILE, `${JSON.stringify(ratchet, null, 2)}\n`);
}

/** One line for each count that got worse; a file that is missing got worse too. */
export function findLosses(ratchet: Ratchet, counts: ReadonlyMap<string, Counts>): string[] {
  return Object.entries(ratchet).flatMap(([file, before]) => {
    const now = counts.get(file);
    if (!now) return [`${file}: was not run`];
    const losses: string[] = [];
    if (now.pass < before.pass) losses.push(`${file}: ${now.pass} cases pass, ${before.pass} did`);
    if (now.skip > before.skip) losses.push(`${file}: ${now.skip} cases are skipped, ${before.skip} were`);
    return losses;
  });
}
