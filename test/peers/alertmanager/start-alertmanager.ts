/** Debian's Alertmanager on a free loopback port, with a folder of its own, gone after use. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface RunningAlertmanager extends AsyncDisposable {
  readonly url: string;
  readonly log: () => string;
}

export async function startAlertmanager(
  config: string,
  flags: readonly string[] = [],
): Promise<RunningAlertmanager> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-alertmanager-'));
  writeFileSync(join(folder, 'alertmanager.yml'), config);
  const port = await freePort();
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let missing = false;
  child.once('error', () => {
    missing = true;
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (let tries = 0; tries < 100 && !(await isReady()); tries++) {
    if (missing) throw new Error("there is no alertmanager: install Debian's prometheus-alertmanager");
    if (child.exitCode !== null) throw new Error(`alertmanager did not start: ${log.slice(-2_000)}`);
    await setTimeout(100);
  }
  return {
    url,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
