/** Checks of the machine: Node, settings, data directory, disk, ports. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { checkLocalSettings, type LocalSettings } from '@sluice/core/local-settings';
import { DATA_FILE, ENV } from '@sluice/core/names';
import { formatBytes } from '../quantity.ts';
import type { Check, CheckResult } from './check.ts';

type Finding = Omit<CheckResult, 'name'>;

/** Type stripping and node:sqlite as they are used here. */
const LEAST_NODE = 24;
const LOW_DISK_BYTES = 1024 ** 3;
const NO_DISK_BYTES = 100 * 1024 ** 2;
const CONNECT_TIMEOUT_MS = 3000;

export const checkNode: Check = {
  name: 'node',
  run() {
    const { node } = process.versions;
    const isEnough = Number(node.split('.')[0]) >= LEAST_NODE;
    return Promise.resolve([
      isEnough
        ? { status: 'ok', detail: `version ${node}` }
        : {
            status: 'fail',
            detail: `version ${node}`,
            remedy: `run it through npm or npx, which use Node ${LEAST_NODE} of the project`,
          },
    ]);
  },
};

export const checkSettings: Check = {
  name: 'settings',
  run({ env }) {
    const { problems } = checkLocalSettings(env);
    return Promise.resolve(
      problems.length === 0
        ? [{ status: 'ok', detail: 'sound' } as const]
        : problems.map(
            (detail) => ({ status: 'fail', detail, remedy: '"sluice config check" tells more' }) as const,
          ),
    );
  },
};

export function checkDataDir(dir: string): Check {
  return {
    name: 'data directory',
    async run() {
      const place = await nearestExisting(dir);
      if (!(await stat(place)).isDirectory()) {
        return [
          {
            status: 'fail',
            detail: `${place} is not a folder`,
            remedy: `remove it, or set ${ENV.dataDir} to another folder`,
          },
        ];
      }
      try {
        await access(place, constants.W_OK);
      } catch {
        return [
          {
            status: 'fail',
            detail: `${place} cannot be written`,
            remedy: `make it writable, or set ${ENV.dataDir} to another folder`,
          },
        ];
      }
      if (place !== dir) return [{ status: 'ok', detail: `${dir} is not there yet and can be made` }];
      const bytes = await stat(join(dir, DATA_FILE.database)).then(
        ({ size }) => size,
        () => undefined,
      );
      return [
        { status: 'ok', detail: bytes === undefined ? `${dir}, empty` : `${dir}, ${formatBytes(bytes)}` },
      ];
    },
  };
}

export function checkDisk(dir: string): Check {
  return {
    name: 'disk',
    async run() {
      const { bavail, bsize } = await statfs(await nearestExisting(dir));
      const free = bavail * bsize;
      const detail = `${formatBytes(free)} free`;
      const remedy = `free some, set ${ENV.maxStoreMib} lower, or move ${ENV.dataDir}`;
      if (free < NO_DISK_BYTES) return [{ status: 'fail', detail, remedy }];
      return [free < LOW_DISK_BYTES ? { status: 'warn', detail, remedy } : { status: 'ok', detail }];
    },
  };
}

/** A port is fine when Sluice serves on it, or when nobody does. */
export function checkPorts(settings: LocalSettings): Check {
  const { host, ingestPort, apiPort } = settings;
  return {
    name: 'ports',
    async run({ fetch }) {
      const api = await judgePort({ host, port: apiPort, setting: ENV.apiPort }, (base) =>
        isSluiceApi(base, fetch),
      );
      const ingest = await judgePort({ host, port: ingestPort, setting: ENV.ingestPort }, (base) =>
        isOtlp(base, fetch),
      );
      return [ingest, api];
    },
  };
}

interface Port {
  readonly host: string;
  readonly port: number;
  readonly setting: string;
}

async function judgePort(
  { host, port, setting }: Port,
  isOurs: (base: string) => Promise<boolean>,
): Promise<Finding> {
  if (port === 0) return { status: 'ok', detail: `${setting}: the system chooses one` };
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const base = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  if (await isOurs(base)) return { status: 'ok', detail: `${port}: Sluice serves there` };
  const code = await tryListen(host, port);
  if (code === undefined) return { status: 'ok', detail: `${port}: free` };
  if (code === 'EADDRINUSE') {
    return {
      status: 'fail',
      detail: `${port}: in use by another program`,
      remedy: `stop that, or set ${setting} to a free port`,
    };
  }
  return {
    status: 'fail',
    detail: `${port}: cannot be opened (${code})`,
    remedy: `check ${ENV.host} and ${setting}`,
  };
}

async function isSluiceApi(base: string, fetch: typeof globalThis.fetch): Promise<boolean> {
  try {
    const response = await fetch(`${base}/-/healthy`, { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    return (await response.text()).includes('Sluice');
  } catch {
    return false;
  }
}

/** Whatever answers a GET of an OTLP path with 405 or 401 knows what OTLP is. */
async function isOtlp(base: string, fetch: typeof globalThis.fetch): Promise<boolean> {
  try {
    const response = await fetch(`${base}/v1/traces`, { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.status === 405 || response.status === 401;
  } catch {
    return false;
  }
}

/** The code of what went wrong, or `undefined` when the port is free. */
function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

async function nearestExisting(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const parent = dirname(path);
  return found !== undefined || parent === path ? path : nearestExisting(parent);
}
