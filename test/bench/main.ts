/**
 * `npm run bench [-- WORD …]`: runs every `*.bench.ts` whose path holds one of the words (all without),
 * each in a process of its own, prints its figures beside their limits, and ends with 1 when one is missed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';

/** What a process ends with that threw; misses of one bench are counted up to it. */
const BROKEN = 255;

const words = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
if (process.argv.includes('--help')) {
  console.log('usage: npm run bench [-- WORD ...]   run the benches whose path holds one of the words');
  process.exit(0);
}
const files = globSync(['packages/*/src/**/*.bench.ts', 'test/bench/**/*.bench.ts'])
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error(`no bench has ${words.join(' or ')} in its path`);
  process.exit(2);
}

const runner = join(import.meta.dirname, 'run-bench.ts');
let missed = 0;
const broken: string[] = [];
for (const file of files) {
  const child = spawn(process.execPath, [...process.execArgv, runner, file], { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code === BROKEN || code === null) broken.push(`${file} (${signal ?? 'see above'})`);
  else missed += code;
}
for (const file of broken) console.error(`did not end: ${file}`);
console.log(`\n${files.length} benches, ${missed} figures missed`);
process.exitCode = missed === 0 && broken.length === 0 ? 0 : 1;
