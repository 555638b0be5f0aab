/**
 * `npm run test:e2e`: all of test/e2e, or the list of scenarios on one composition alone. What is not understood here
 * is vitest's.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const TARGETS = ['local', 'aws'] as const;
const HELP = `npm run test:e2e -- [--target local|aws] [--seed N] [--rounds N] [vitest's options and names of files]

  --target local  the list of scenarios (test/e2e/scenarios) on "npm start" as a process
  --target aws    the same list on the functions as they are bundled, over emulators of AWS
  --seed N        of everything that is left to chance; a failure names its own (default 1)
  --rounds N      loads under random faults (default 1)
  --help          this

Without --target all of test/e2e runs. One scenario: -t "part of its name".
`;

interface Run {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @throws RangeError: one line with the remedy */
function parse(argv: readonly string[]): Run | 'help' {
  const args: string[] = [];
  const env: Record<string, string> = {};
  const left = [...argv];
  while (left.length > 0) {
    const [name = '', inline] = left.shift()!.split(/=(.*)/s) as [string, string | undefined];
    const value = (): string => inline ?? left.shift() ?? '';
    if (name === '--help' || name === '-h') return 'help';
    if (name === '--target') args.unshift(`${toTarget(value())}.test.ts`);
    else if (name === '--seed') env.SLUICE_E2E_SEED = toNumber(name, value());
    else if (name === '--rounds') env.SLUICE_FAULT_ROUNDS = toNumber(name, value());
    else args.push(inline === undefined ? name : `${name}=${inline}`);
  }
  return { args, env };
}

function toTarget(text: string): (typeof TARGETS)[number] {
  const found = TARGETS.find((target) => target === text);
  if (found === undefined)
    throw new RangeError(`--target must be ${TARGETS.join(' or ')}, got ${JSON.stringify(text)}`);
  return found;
}

function toNumber(name: string, text: string): string {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new RangeError(`${name} must be a whole number from 1 on, got ${JSON.stringify(text)}`);
  return text;
}

function run({ args, env }: Run): number {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--config', join(import.meta.dirname, 'vitest.config.ts'), ...args],
    { stdio: 'inherit', env: { ...process.env, ...env } },
  );
  return status ?? 1;
}

try {
  const parsed = parse(process.argv.slice(2));
  if (parsed === 'help') process.stdout.write(HELP);
  else process.exitCode = run(parsed);
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`test:e2e: ${error.message}\n`);
  process.exitCode = 2;
}
