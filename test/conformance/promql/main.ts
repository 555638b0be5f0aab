/** `npm run conformance:promql -- DIR`: Prometheus' promqltest files, unmodified, against our engine. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Counts, findLosses, readRatchet, writeRatchet } from './ratchet.ts';
import { runFile } from './run-file.ts';
import { ALL_TIERS, tierOf } from './tiers.ts';

const USAGE = `usage: npm run conformance:promql -- DIR [options]

  DIR              folder of promqltest files (*.test), such as promql/promqltest/testdata of Prometheus
  --only WORD      only files whose name holds WORD (without the ratchet)
  --failures N     show at most N failures of each file (default 10)
  --update         write the counts of this run into ratchet.json
  --help           this text

Ends with one line of JSON, and with status 1 when fewer cases pass, or more are skipped, than ratchet.json
says, or when one fails that it does not know of.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    failures: { type: 'string', default: '10' },
    update: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || !positionals[0]) {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else {
  await run(positionals[0]);
}

async function run(directory: string): Promise<void> {
  const files = globSync('*.test', { cwd: directory })
    .filter((file) => file.includes(values.only))
    .sort();
  if (files.length === 0) throw new Error(`no *.test files in ${directory}: name the folder that holds them`);
  const counts = new Map<string, Counts>();
  for (const file of files) counts.set(basename(file), await runAndPrint(directory, file));
  const byTier = Object.fromEntries(
    ALL_TIERS.map((tier) => [
      tier,
      total([...counts].filter(([file]) => tierOf(file) === tier).map(([, count]) => count)),
    ]),
  );
  console.log('');
  for (const [tier, { pass, fail, skip }] of Object.entries(byTier)) {
    console.log(`${tier}  ${pass} pass, ${fail} fail, ${skip} skip`);
  }
  if (values.update) writeRatchet(counts);
  const losses = values.only === '' ? findLosses(readRatchet(), counts) : [];
  for (const loss of losses) console.log(`RATCHET ${loss}`);
  const all = total([...counts.values()]);
  if (losses.length > 0) process.exitCode = 1;
  console.log(JSON.stringify({ ...all, tiers: byTier, losses: losses.length }));
}

async function runAndPrint(directory: string, file: string): Promise<Counts> {
  const cases = await runFile(readFileSync(join(directory, file), 'utf8'));
  const count = (status: string): number => cases.filter(({ outcome }) => outcome.status === status).length;
  const counts = { pass: count('pass'), fail: count('fail'), skip: count('skip') };
  console.log(
    `${tierOf(file)}  ${file.padEnd(28)} ${counts.pass} pass, ${counts.fail} fail, ${counts.skip} skip`,
  );
  let shown = 0;
  for (const { line, expr, outcome } of cases) {
    if (outcome.status === 'fail' && shown++ < Number(values.failures)) {
      console.log(`      line ${line}: ${expr}\n        ${outcome.reason}`);
    }
    if (outcome.status === 'skip') console.log(`      line ${line}: skipped, needs ${outcome.capability}`);
  }
  return counts;
}

function total(counts: readonly Counts[]): Counts {
  const add = (key: keyof Counts): number => counts.reduce((sum, count) => sum + count[key], 0);
  return { pass: add('pass'), fail: add('fail'), skip: add('skip') };
}
