/**
 * Keeps the documentation true and whole: every relative link and path resolves, every `npm run` that is named
 * exists, every room, setting, command and script is told somewhere, and every command in a fenced `sh` block is run against a pipeline started for it.
 * (`npm install`, `npm start`, `npm test` and `npm run …` are what the build itself runs: here they only have to exist.)
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { COMMANDS } from '@sluice/cli/commands';
import { ENV } from '@sluice/core/names';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: ROOT }).sort();
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** What the build runs by itself, or what a reader stops by hand. */
const RUN_ELSEWHERE = /^(npm (install|ci|start|test|run [\w:-]+)\b|cd |git clone )/;

interface Command {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

/** The commands of a page's `sh` blocks; a backslash at the end of a line continues it, and so does an open quote. */
function commandsOf(page: string): readonly Command[] {
  const commands: Command[] = [];
  let inside = false;
  let open = '';
  let openLine = 0;
  read(page)
    .split('\n')
    .forEach((text, i) => {
      if (/^```/.test(text)) {
        inside = text === '```sh';
        return;
      }
      if (!inside || (open === '' && /^\s*(#|$)/.test(text))) return;
      if (open === '') openLine = i + 1;
      open += open === '' ? text : `\n${text}`;
      const quotes = open.replaceAll("'\\''", '').split("'").length - 1;
      if (open.endsWith('\\') || quotes % 2 === 1) return;
      commands.push({ page, line: openLine, text: open });
      open = '';
    });
  return commands;
}

const commands = pages.flatMap(commandsOf);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('links', () => {
  test.each(pages)('of %s resolve', (page) => {
    const broken = [...read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !existsSync(join(ROOT, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  test.each(pages)('and script names of %s exist', (page) => {
    const named = [...read(page).matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test.each(pages)('and paths in backquotes of %s exist', (page) => {
    const paths = [...read(page).matchAll(/`((?:packages|functions|infra|test|docs|\.ci)\/[\w./-]+)`/g)];
    expect(paths.map((match) => match[1]!).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('a page of docs/ is at most 150 lines', () => {
    const long = pages.filter((page) => page.startsWith('docs/') && read(page).split('\n').length > 151);
    expect(long).toEqual([]);
  });
});

describe('the pages tell of every', () => {
  const told = (name: string): boolean => pages.some((page) => read(page).includes(`\`${name}\``));

  test('room, in the architecture', () => {
    const rooms = readdirSync(join(ROOT, 'packages'));
    const architecture = read('ARCHITECTURE.md');
    expect(rooms.filter((room) => !architecture.includes(`(packages/${room}/README.md)`))).toEqual([]);
  });

  test('setting', () => {
    expect(Object.values(ENV).filter((name) => !told(name))).toEqual([]);
  });

  test('command, in the page of the command line', () => {
    const page = read('docs/cli.md');
    const missing = COMMANDS.filter(
      ({ name }) => !page.includes(`npx sluice ${name}`) && !page.includes(`\`${name}`),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test('script of package.json', () => {
    const text = pages.map(read).join('\n');
    expect(Object.keys(scripts).filter((name) => !new RegExp(`npm (run )?${name}\\b`).test(text))).toEqual(
      [],
    );
  });

  test('page of docs/, from the README', () => {
    const readme = read('README.md');
    const own = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page));
    expect(own.filter((page) => !readme.includes(`(${page})`))).toEqual([]);
  });
});

describe('commands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  let pipeline: ChildProcess;
  let environment: NodeJS.ProcessEnv;
  let localise: (text: string) => string;

  beforeAll(async () => {
    const [ingestPort, apiPort] = [await freePort(), await freePort()];
    localise = (text) =>
      text.replaceAll(/\b4318\b/g, String(ingestPort)).replaceAll(/\b9090\b/g, String(apiPort));
    environment = {
      ...process.env,
      NO_COLOR: '1',
      NODE: process.execPath,
      // Dozens of commands load the same files: compiled once, each costs a third.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      SLUICE_INGEST_PORT: String(ingestPort),
      SLUICE_API_PORT: String(apiPort),
      SLUICE_DATA_DIR: join(folder, 'data'),
      SLUICE_URL: `http://127.0.0.1:${ingestPort}`,
      SLUICE_API_URL: `http://127.0.0.1:${apiPort}`,
    };
    pipeline = spawn(process.execPath, ['functions/local.ts'], {
      cwd: ROOT,
      env: environment,
      stdio: 'ignore',
    });
    const isReady = (): Promise<boolean> =>
      fetch(`${environment.SLUICE_API_URL}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    for (let tries = 0; tries < 100 && !(await isReady()); tries++) await setTimeout(100);
    expect(await isReady()).toBe(true);
  });

  afterAll(async () => {
    const exited = new Promise((resolve) => pipeline.once('exit', resolve));
    pipeline.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true });
  });

  const runnable = commands.filter(({ text }) => !RUN_ELSEWHERE.test(text));

  test('there are some, and each page that shows the command line has one', () => {
    expect(runnable.length).toBeGreaterThan(10);
  });

  const SETUP = `
    set -euo pipefail
    curl() { command curl --silent --show-error --fail-with-body --max-time 20 "$@"; }
  `;
  /** npx takes four times as long as the command itself: the first one proves that it finds it. */
  const NPX = 'npx() { shift; "$NODE" packages/cli/src/main.ts "$@"; }';
  const firstWithNpx = runnable.find(({ text }) => text.includes('npx sluice '));

  test.each(runnable)('$page:$line $text', async (command) => {
    const { text } = command;
    const isByNpx = command === firstWithNpx || !text.includes('npx sluice ');
    const script = `${SETUP}\n${isByNpx ? '' : NPX}\n${localise(text)}\n`;
    await run('bash', ['-c', script], { cwd: ROOT, env: environment, timeout: 25_000 });
  });
});
