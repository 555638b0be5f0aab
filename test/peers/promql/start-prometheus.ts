/** Debian's Prometheus on a free loopback port, with a folder of its own that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface PrometheusProcess {
  readonly url: string;
  readonly version: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** As a crash: nothing is flushed, nothing is removed. */
  kill(): Promise<void>;
}

export interface PrometheusHome {
  readonly folder: string;
  readonly port: number;
}

/** Remove the folder when the last process on it has ended. */
export async function makePrometheusHome(): Promise<PrometheusHome> {
  return { folder: await mkdtemp(join(tmpdir(), 'sluice-peer-')), port: await freePort() };
}

/** Throws when there is no `prometheus` on the path: it is never left out in silence. */
export async function startPrometheus({
  extra = [],
  settings = 'global: { scrape_interval: 1m, evaluation_interval: 1m }\n',
  home,
}: {
  extra?: readonly string[];
  /** Its prometheus.yml. */
  settings?: string;
  /** A folder and port that outlive the process, so that it can be started again on its data. */
  home?: PrometheusHome;
} = {}): Promise<PrometheusProcess> {
  const folder = home?.folder ?? (await mkdtemp(join(tmpdir(), 'sluice-peer-')));
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, settings);
  const port = home?.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=error',
      ...extra,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, GOMAXPROCS: '1' } },
  );
  const ended = new Promise<string>((resolve) => {
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    child.once('error', () => resolve("there is no prometheus on the path: install Debian's prometheus"));
    child.once('exit', (code) => resolve(`prometheus ended with ${code}: ${log}`));
  });
  const stop = async (): Promise<void> => {
    await end(child, ended);
    if (home === undefined) await rm(folder, { recursive: true, force: true });
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) child.kill('SIGKILL');
    await ended;
  };
  try {
    await Promise.race([waitUntilReady(url), ended.then((reason) => Promise.reject(new Error(reason)))]);
    const info = (await (await fetch(`${url}/api/v1/status/buildinfo`)).json()) as {
      data: { version: string };
    };
    return { url, version: info.data.version, pid: child.pid!, stop, kill };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode === null && child.pid !== undefined) child.kill('SIGTERM');
  await ended;
}

async function waitUntilReady(url: string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    const isReady = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await setTimeout(100);
  }
  throw new Error(`prometheus at ${url} did not become ready in 15 s`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
