import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLineFile } from './line-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('lines are there after a restart, in order, for their owner alone', () => {
  const path = join(folder, 'a.jsonl');
  const first = openLineFile<{ n: number }>(path);
  for (const n of [1, 2, 3]) first.append({ n });
  expect(first.lines.map(({ n }) => n)).toEqual([1, 2, 3]);
  first.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = openLineFile<{ n: number }>(path);
  expect(again.lines).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  again.close();
});

test('a line that a crash cut off is dropped, and the next one does not run into it', () => {
  const path = join(folder, 'a.jsonl');
  const first = openLineFile<string>(path);
  first.append('whole – äöü');
  first.close();
  appendFileSync(path, '"half');
  const again = openLineFile<string>(path);
  again.append('next');
  again.close();
  expect(readFileSync(path, 'utf8')).toBe('"whole – äöü"\n"next"\n');
});

test('a file that holds something else is not taken', () => {
  const path = join(folder, 'a.jsonl');
  appendFileSync(path, 'no JSON\n');
  expect(() => openLineFile(path)).toThrow(SyntaxError);
});
