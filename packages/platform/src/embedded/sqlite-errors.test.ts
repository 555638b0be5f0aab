import { UsageError } from '@sluice/core/errors';
import { expect, test } from 'vitest';
import { isLocked, toOpenError, toWriteError } from './sqlite-errors.ts';

test.each([
  [{ errcode: 5 }, /locked by another process: stop/],
  [{ errcode: 6 }, /locked by another process/],
  [{ errcode: 8 }, /read-only: make it and its folder writable/],
  [{ errcode: 10 }, /I\/O error\): check the disk/],
  [{ errcode: 778 }, /I\/O error/],
  [{ errcode: 11 }, /damaged: move it away/],
  [{ errcode: 13 }, /full: free some space/],
  [{ errcode: 14 }, /cannot be opened/],
  [{ errcode: 26 }, /not a SQLite database/],
  [{ code: 'EACCES' }, /no permission/],
  [{ code: 'EROFS' }, /no permission/],
  [{ code: 'ENOTDIR' }, /is not a folder/],
  [{ code: 'ENOSPC' }, /cannot be made \(ENOSPC\)/],
])('%o becomes one line with the path and the remedy', (fault, text) => {
  const error = Object.assign(new Error('raw'), fault);
  const opened = toOpenError('/data/sluice.db', error) as Error;
  expect(opened).toBeInstanceOf(UsageError);
  expect(opened.message).toMatch(text);
  expect(opened.message).toMatch(/ \/data(\/sluice\.db)?[ :]/);
  const written = toWriteError('/data/sluice.db', error) as Error;
  expect(written).not.toBeInstanceOf(UsageError);
  expect(written.cause).toBe(error);
});

test("errors that are not the file's pass through", () => {
  const own = new Error('own');
  expect([toOpenError('x', own), toWriteError('x', own)]).toEqual([own, own]);
  expect(isLocked(own)).toBe(false);
  expect(isLocked(undefined)).toBe(false);
});
