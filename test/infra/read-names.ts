/**
 * Which environment variables each door reads: found by starting its bundle and watching, and, for what is read later
 * or under a condition only, by the names that its code holds once everything unused is gone.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import { build } from 'esbuild';
import { bundleDoor, DOORS, ROOT, standInForSdk } from '../aws/bundle-door.ts';

/** Names from the values that a function would be given: without them a door stops at the first that is missing. */
const PROGRAM = `
  const read = new Set();
  const known = JSON.parse(process.argv.at(-1));
  const env = new Proxy(known, {
    get(target, name) {
      if (typeof name === 'string' && name.startsWith('SLUICE_')) read.add(name);
      return target[name];
    },
  });
  Object.defineProperty(process, 'env', { value: env });
  await import(process.argv.at(-2));
  console.log(JSON.stringify([...read].sort()));
  process.exit(0);
`;

export async function readNamesOfDoors(
  environments: ReadonlyMap<string, Readonly<Record<string, string>>>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'doors-'));
  try {
    const found = await Promise.all(
      DOORS.map(async (door) => {
        const file = join(folder, `${door}.mjs`);
        await bundleDoor(door, file, { plugins: [standInForSdk] });
        const env = JSON.stringify(environments.get(door) ?? {});
        const { stdout } = await promisify(execFile)(process.execPath, [
          '--input-type=module',
          '--eval',
          PROGRAM,
          file,
          env,
        ]);
        return [door, JSON.parse(stdout) as readonly string[]] as const;
      }),
    );
    return new Map(found);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As the constants of core are used in the code that is left of each door. */
export async function namedInDoors(): Promise<ReadonlyMap<string, readonly string[]>> {
  const values: Readonly<Record<string, Readonly<Record<string, string>>>> = { ENV, CLOUD_ENV };
  const found = await Promise.all(
    DOORS.map(async (door) => {
      const { outputFiles } = await build({
        entryPoints: [join(ROOT, 'functions', `${door}.ts`)],
        bundle: true,
        write: false,
        platform: 'node',
        format: 'esm',
        external: ['@aws-sdk/*'],
        logLevel: 'error',
      });
      const uses = outputFiles[0]!.text.matchAll(/\b(CLOUD_ENV|ENV)\d*\.(\w+)\b/g);
      const names = new Set([...uses].map(([, object, key]) => values[object!]![key!]!));
      return [door, [...names].sort()] as const;
    }),
  );
  return new Map(found);
}
