import { expect, test } from 'vitest';
import { createStyle } from '../terminal-text.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { reportPasses } from './report-passes.ts';

test('messages that could not be moved are named, ten at most, and fail the command', () => {
  const io = createFakeIo();
  const failed = Array.from({ length: 12 }, (_, i) => ({ id: `id-${i}`, reason: 'queue \u0007 full' }));
  const code = reportPasses([{ signal: 'logs', done: 2, kept: 12, failed }], {
    verb: 'redriven',
    json: false,
    style: createStyle(io.stdout, io.env),
    io,
  });
  expect(code).toBe(1);
  expect(io.out()).toBe('redriven 2 messages (2 logs)\n');
  expect(io.err().split('\n').slice(0, 1)).toEqual(['not moved: id-0: queue \\x07 full']);
  expect(io.err()).toMatch(/and 2 more\n$/);
});
