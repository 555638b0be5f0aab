/** The pack about the pipeline itself names its series as the pipeline does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC } from '@sluice/core/names';
import { expect, test } from 'vitest';

test('every series of the sluice pack is one that the pipeline has, or one that the pack records', () => {
  const file = join(import.meta.dirname, '../rules/sluice/alerts.yml');
  const source = readFileSync(file, 'utf8').replaceAll(/^ *#.*$/gm, '');
  const recorded = [...source.matchAll(/- record: (\S+)/g)].map(([, name]) => name!);
  const rest = recorded.reduce((text, name) => text.replaceAll(name, ''), source);
  const named = new Set(rest.match(/\b(sluice|audit)_[a-z0-9_]+/g));
  expect(named.size).toBeGreaterThan(10);
  const known = new Set<string>(Object.values(METRIC));
  expect([...named].filter((name) => !known.has(name))).toEqual([]);
});
