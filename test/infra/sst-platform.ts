/**
 * Unpacks the platform of SST, which its command line carries along, and installs what it imports: without
 * an account, and with no network but the package registry. `sst install` also wants Pulumi and bun from elsewhere,
 * of which neither is used here: stand-ins that tell their versions are enough for it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
/** Where `sst.config.ts` looks for its types. */
export const PLATFORM = join(ROOT, '.sst/platform');
const SST = join(ROOT, 'node_modules/.bin/sst');
/** What SST 4.17.1 asks of them. */
const STAND_INS = { pulumi: 'v3.215.0', bun: '1.2.1' } as const;
const DONE = join(PLATFORM, 'node_modules/.sluice-installed');

/** The version that is installed with the project: pinned in package.json. */
function sstVersion(): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'node_modules/sst/package.json'), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

/** Does nothing when it is there already. */
export function ensurePlatform(): void {
  const wanted = sstVersion();
  if (existsSync(DONE) && readFileSync(DONE, 'utf8') === wanted) return;
  rmSync(join(ROOT, '.sst'), { recursive: true, force: true });
  const home = mkdtempSync(join(tmpdir(), 'sst-home-'));
  try {
    for (const [name, version] of Object.entries(STAND_INS)) {
      const file = join(home, '.config/sst/bin', name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
      chmodSync(file, 0o755);
    }
    const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: '', SST_TELEMETRY_DISABLED: '1', CI: '1' };
    execFileSync(SST, ['install', '--stage', 'dev'], { cwd: ROOT, env, stdio: 'pipe' });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  const npm = ['install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--no-package-lock'];
  execFileSync('npm', npm, { cwd: PLATFORM, stdio: 'pipe' });
  writeFileSync(DONE, wanted);
}
