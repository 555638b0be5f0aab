import { UsageError } from '@sluice/core/errors';
import { describe, expect, test } from 'vitest';
import { defineCommand } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { run } from './run.ts';
import { createFakeIo } from './testing/fake-io.ts';

const names = COMMANDS.map(({ name }) => name);

describe('help', () => {
  test.each(names)('sluice %s --help tells usage, every option and an example', async (name) => {
    const io = createFakeIo();
    expect(await run([...name.split(' '), '--help'], io)).toBe(0);
    const command = await COMMANDS.find((entry) => entry.name === name)!.load();
    expect(io.out()).toContain(`Usage: sluice ${name} [options]`);
    for (const option of [...Object.keys(command.options), 'json', 'help'])
      expect(io.out()).toContain(`--${option}`);
    expect(io.out()).toMatch(new RegExp(`Examples?:\n(.*\n)*.*sluice ${name}`));
    expect(io.err()).toBe('');
  });

  test.each([[['--help']], [['-h']], [['help']]])('sluice %j lists every command', async (argv) => {
    const io = createFakeIo();
    expect(await run(argv, io)).toBe(0);
    for (const name of names) expect(io.out()).toContain(`  ${name} `);
  });

  test('a group lists its own commands', async () => {
    const io = createFakeIo();
    expect(await run(['dlq', '--help'], io)).toBe(0);
    expect(io.out()).toContain('dlq redrive');
    expect(io.out()).not.toContain('keys create');
  });

  test('no line of help is wider than 110 columns', async () => {
    for (const name of names) {
      const io = createFakeIo();
      await run([...name.split(' '), '--help'], io);
      expect(
        io
          .out()
          .split('\n')
          .filter((line) => line.length > 110),
      ).toEqual([]);
    }
  });
});

describe('a wrong command line is told on one line with what was meant, and exits with 2', () => {
  test.each([
    [[], 'which command?'],
    [['sned'], 'unknown command "sned"; did you mean "send"?'],
    [
      ['xyzzy'],
      `unknown command "xyzzy"; one of ${[...new Set(COMMANDS.map(({ name }) => name.split(' ')[0]))].join(', ')}`,
    ],
    [['keys'], 'keys what? One of create, list, rotate, revoke'],
    [['keys', '--json'], 'keys what? One of create, list, rotate, revoke'],
    [['dlq', 'redirve'], 'unknown command "dlq redirve"; did you mean "dlq redrive"?'],
    [['--jsno'], 'unknown option --jsno; a command comes first'],
    [['send', '--concurency', '3', 'x'], 'unknown option --concurency; did you mean --concurrency?'],
    [['send', '-z', 'x'], 'unknown option -z'],
    [['send'], 'FILE… is missing'],
    [['send', 'x', '--rate'], '--rate needs a value (ITEMS)'],
    [
      ['send', 'x', '--rate', '--json'],
      '--rate needs a value (ITEMS); a value that begins with a dash is written --rate=--json',
    ],
    [['send', 'x', '--rate', 'fast'], '--rate "fast" is not a number from 0.001 to 1000000000'],
    [['send', 'x', '--repeat', '1.5'], '--repeat "1.5" is not a whole number from 1 to 1000000'],
    [
      ['send', 'x', '--signal', 'trace'],
      '--signal "trace" is not one of traces, logs, metrics; did you mean traces?',
    ],
    [['version', '--json=yes'], '--json takes no value'],
    [['version', 'now'], 'no operand is expected, but there is "now"'],
    [['keys', 'create', 'a', 'b'], 'at most 1 operand expected (NAME), but there is "b"'],
    [
      ['keys', 'create', 'a', '--expires', '90'],
      '--expires "90" is not a duration: a number with s, m, h, d or w, such as 24h or 90d',
    ],
    [['keys', 'create', 'a', '--scope', 'ingest:wirte'], '; did you mean ingest:write?'],
    [['keys', 'create', 'a', '--burst', '5'], '--burst needs --rate'],
    [['dlq', 'redrive'], 'which dead letters? Give IDs, --tenant, --sink or --reason, or --all'],
    [['dlq', 'drop', '--all', '--sink', 'tempo'], '--all does not go with a selection'],
    [['send', '--repeat', '2', '-'], '--repeat does not go with -'],
  ])('%j', async (argv, message) => {
    const io = createFakeIo();
    expect(await run(argv, io)).toBe(2);
    expect(io.out()).toBe('');
    expect(io.err()).toMatch(/^sluice: [^\n]*--help" tells how\)\n$/);
    expect(io.err()).toContain(message);
  });
});

describe('what a command throws', () => {
  const throwing = (error: unknown): readonly CommandEntry[] => [
    {
      name: 'boom',
      summary: '',
      load: () =>
        Promise.resolve(
          defineCommand({ about: '', options: {}, examples: [], run: () => Promise.reject(error) }),
        ),
    },
  ];

  test('is one line with its causes and exits with 1', async () => {
    const io = createFakeIo();
    expect(await run(['boom'], io, throwing(new Error('first\nline', { cause: new Error('cause') })))).toBe(
      1,
    );
    expect(io.err()).toBe('sluice: first line: cause\n');
  });

  test('cannot reach the terminal with escapes', async () => {
    const io = createFakeIo({ isTerminal: true, env: { NO_COLOR: '1' } });
    await run(['boom'], io, throwing(new UsageError('file \u001b]0;owned\u0007 is bad')));
    expect(io.err()).toBe('sluice: file \\x1b]0;owned\\x07 is bad\n');
  });

  test('counts as interrupted after Ctrl-C', async () => {
    const io = createFakeIo();
    io.interrupt();
    expect(await run(['boom'], io, throwing(new Error('stopped')))).toBe(130);
  });
});

test('sluice version tells both versions, also as --version and as JSON', async () => {
  const [text, flag, json] = [createFakeIo(), createFakeIo(), createFakeIo()];
  expect(await run(['version'], text)).toBe(0);
  expect(await run(['--version'], flag)).toBe(0);
  expect(await run(['version', '--json'], json)).toBe(0);
  expect(text.out()).toMatch(/^sluice \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+\)\n$/);
  expect(flag.out()).toBe(text.out());
  expect(JSON.parse(json.out())).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    node: process.versions.node,
  });
});
