/**
 * `npm run bench [-- WORD …]`: runs every `*.bench.ts` whose path holds one of the words (all without),
 * prints each figure beside its limit, and ends with 1 when one is missed.
 */
import { globSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Bench, Figure } from '@sluice/core/testing/bench';

const words = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
if (process.argv.includes('--help')) {
  console.log('usage: npm run bench [-- WORD ...]   run the benches whose path holds one of the words');
  process.exit(0);
}
const files = globSync(['packages/*/src/**/*.bench.ts', 'test/bench/**/*.bench.ts'])
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();

let missed = 0;
for (const file of files) {
  const { bench } = (await import(pathToFileURL(file).href)) as { bench: Bench };
  console.log(`\n${bench.name}  (${file})`);
  for (const figure of await bench.run()) {
    const ok = isWithin(figure);
    if (!ok) missed += 1;
    const sign = figure.limit.kind === 'at least' ? '>=' : '<=';
    console.log(
      `  ${ok ? 'ok  ' : 'MISS'} ${figure.name.padEnd(58)} ${format(figure.value).padStart(12)} ${sign} ${format(figure.limit.value)} ${figure.unit}`,
    );
  }
}
console.log(`\n${files.length} benches, ${missed} figures missed`);
process.exitCode = missed === 0 ? 0 : 1;

function isWithin({ value, limit }: Figure): boolean {
  return limit.kind === 'at least' ? value >= limit.value : value <= limit.value;
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
