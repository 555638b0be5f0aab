import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createProcessIo } from './process-io.ts';

function createFakeProcess() {
  const exits: number[] = [];
  const errors: string[] = [];
  const stream = (isTTY?: boolean) =>
    Object.assign(new EventEmitter(), {
      isTTY,
      columns: undefined,
      write: (text: string) => errors.push(text) > 0,
    });
  const process = Object.assign(new EventEmitter(), {
    stdout: stream(true),
    stderr: stream(),
    stdin: (async function* () {})(),
    env: { A: 'b' },
    cwd: () => '/here',
    exit: (code: number) => void exits.push(code),
  });
  return { process, exits, errors, io: createProcessIo(process as unknown as NodeJS.Process) };
}

test('the first Ctrl-C asks to stop, the second ends the process', () => {
  const { process, exits, io } = createFakeProcess();
  expect(io.signal.aborted).toBe(false);
  process.emit('SIGINT');
  expect([io.signal.aborted, exits]).toEqual([true, []]);
  process.emit('SIGINT');
  expect(exits).toEqual([130]);
});

test('a closed pipe ends quietly, any other write error with one line', () => {
  const gone = createFakeProcess();
  gone.process.stdout.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }));
  expect([gone.exits, gone.errors]).toEqual([[0], []]);
  const full = createFakeProcess();
  full.process.stdout.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  expect([full.exits, full.errors]).toEqual([[1], ['sluice: the output cannot be written: no space\n']]);
});

test('terminals are known, and an unknown width is 80', () => {
  const { io } = createFakeProcess();
  expect([io.stdout.isTerminal, io.stderr.isTerminal, io.stdout.columns, io.cwd, io.env]).toEqual([
    true,
    false,
    80,
    '/here',
    { A: 'b' },
  ]);
});
