/** What rules are held against besides the resources: the doors, the recorded use, the operator's page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TYPE, toDeployment } from './deployment.ts';
import { namedInDoors, readNamesOfDoors } from './read-names.ts';
import type { RuleContext } from './rules.ts';
import { partOf } from './rules-functions.ts';
import { runProgram } from './run-program.ts';
import { ROOT } from './sst-platform.ts';
import { inputFor } from './stages.ts';

export type SharedContext = Omit<RuleContext, 'stage' | 'edge'>;

/** Recorded by `npm run test:e2e -- aws-permissions -u`. */
export const NEEDED_FILE = join(import.meta.dirname, 'needed-permissions.json');

export async function readSharedContext(): Promise<SharedContext> {
  const [staging] = await runProgram([inputFor('staging', 'url')]);
  const environments = new Map(
    toDeployment(staging!.resources)
      .of(TYPE.fn)
      .map(({ name, environment }) => [partOf(name, 'staging'), environment.variables] as const),
  );
  const page = readFileSync(join(ROOT, 'docs/operate-aws.md'), 'utf8');
  return {
    readNames: await readNamesOfDoors(environments),
    namedNames: await namedInDoors(),
    needed: JSON.parse(readFileSync(NEEDED_FILE, 'utf8')) as RuleContext['needed'],
    sections: [...page.matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  };
}
