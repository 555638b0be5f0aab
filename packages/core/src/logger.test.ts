import { expect, test } from 'vitest';
import { createLogger, LOG_LEVELS, silentLogger } from './logger.ts';

function makeLog(level: (typeof LOG_LEVELS)[number]) {
  const lines: string[] = [];
  const log = createLogger({
    level,
    write: (line) => void lines.push(line),
    nowMs: () => Date.UTC(2026, 0, 1),
  });
  return { lines, log };
}

test('an entry is one JSON object on one line, with time, level, message and fields', () => {
  const { lines, log } = makeLog('debug');
  log.warn('queue\nfull', { queue: 'traces', depth: 3, gone: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(lines[0]!)).toEqual({
    time: '2026-01-01T00:00:00.000Z',
    level: 'warn',
    message: 'queue\nfull',
    queue: 'traces',
    depth: 3,
  });
});

test.each(LOG_LEVELS)('at level %s what is less important is left out', (level) => {
  const { lines, log } = makeLog(level);
  for (const own of LOG_LEVELS) log[own]('entry');
  const written = lines.map((line) => (JSON.parse(line) as { level: string }).level);
  expect(written).toEqual(LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)));
});

test('the silent logger takes everything', () => {
  for (const level of LOG_LEVELS) expect(silentLogger[level]('entry')).toBeUndefined();
});
