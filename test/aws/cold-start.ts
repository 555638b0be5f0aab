/**
 * What a cold start of a function loads, measured as Lambda would load it: the bundle, the environment of the deployment,
 * and the SDK as empty classes, since its cost is the runtime's.
 */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { bundleDoor, ROOT, standInForSdk } from './bundle-door.ts';

export interface ColdStartBudget {
  readonly kilobytes: number;
  /** Milliseconds of CPU until the handler is there. */
  readonly cpuMs: number;
}

/** Of minified code, by function. */
export const BUDGETS: Readonly<Record<string, ColdStartBudget>> = {
  'collect-metrics': { kilobytes: 100, cpuMs: 50 },
  'compact-metrics': { kilobytes: 100, cpuMs: 50 },
  'deliver-logs': { kilobytes: 150, cpuMs: 50 },
  'deliver-traces': { kilobytes: 100, cpuMs: 50 },
  evaluate: { kilobytes: 1000, cpuMs: 150 },
  ingest: { kilobytes: 230, cpuMs: 50 },
  'keep-audit': { kilobytes: 100, cpuMs: 50 },
  notify: { kilobytes: 750, cpuMs: 120 },
  query: { kilobytes: 1150, cpuMs: 150 },
  'record-audit': { kilobytes: 100, cpuMs: 50 },
  'reduce-metrics': { kilobytes: 160, cpuMs: 50 },
  'seal-audit': { kilobytes: 100, cpuMs: 50 },
  tick: { kilobytes: 50, cpuMs: 40 },
};

const PROGRAM = `
  const before = process.cpuUsage();
  const { handler } = await import(process.argv.at(-1));
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ isHandler: typeof handler === 'function', ms: (user + system) / 1000 }));
  process.exit(0);
`;

export function bundleForColdStart(door: string, file: string): Promise<Metafile> {
  return bundleDoor(door, file, { plugins: [standInForSdk] });
}

export function kilobytesOf(file: string): number {
  return statSync(file).size / 1000;
}

/** CPU milliseconds of one import in a process of its own. @throws when there is no handler in the bundle */
export async function importOnce(door: string, file: string): Promise<number> {
  const env = { ...environmentOf(door), SLUICE_CONFIG_DIR: '', AWS_REGION: 'eu-central-1' };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', PROGRAM, file],
    { env },
  );
  const { isHandler, ms } = JSON.parse(stdout) as { readonly isHandler: boolean; readonly ms: number };
  if (!isHandler) throw new Error(`the bundle of ${door} exports no handler`);
  return ms;
}

/** Those of the deployment, from the snapshot of production that `npm run test:infra` keeps. */
function environmentOf(door: string): Readonly<Record<string, string>> {
  const snapshot = readFileSync(path.join(ROOT, 'test/infra/snapshots/production.txt'), 'utf8');
  const line = snapshot
    .split('\n')
    .find(
      (each) =>
        each.startsWith('aws:lambda/function ') && each.includes(`"name":"sluice-production-${door}"`),
    );
  const inputs = JSON.parse(line!.slice(line!.indexOf('{'))) as {
    readonly environment: { readonly variables: Readonly<Record<string, string>> };
  };
  return inputs.environment.variables;
}
