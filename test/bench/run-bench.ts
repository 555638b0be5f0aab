/** Runs the bench of one file in a process of its own: what others left in memory is none of its figures. */
import { pathToFileURL } from 'node:url';
import type { Bench, Figure } from '@sluice/core/testing/bench';

/** What a process ends with that threw: Node's own 1 would count as one miss. */
const BROKEN = 255;
process.once('uncaughtException', (error) => {
  console.error(error);
  process.exit(BROKEN);
});

const [file = ''] = process.argv.slice(2);
const { bench } = (await import(pathToFileURL(file).href)) as { bench: Bench };
console.log(`\n${bench.name}  (${file})`);
let missed = 0;
for (const figure of await bench.run()) {
  const ok = isWithin(figure);
  if (!ok) missed += 1;
  const sign = figure.limit.kind === 'at least' ? '>=' : '<=';
  console.log(
    `  ${ok ? 'ok  ' : 'MISS'} ${figure.name.padEnd(58)} ${format(figure.value).padStart(12)} ${sign} ${format(figure.limit.value)} ${figure.unit}`,
  );
}
process.exitCode = missed;

function isWithin({ value, limit }: Figure): boolean {
  return limit.kind === 'at least' ? value >= limit.value : value <= limit.value;
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
