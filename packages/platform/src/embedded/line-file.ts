/** A file of JSON lines that only grows: a line is on disk when it was appended, and a line cut off by a crash counts as none. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

export interface LineFile<T> {
  /** From the file, oldest first. */
  readonly lines: readonly T[];
  append(line: T): void;
  close(): void;
}

const OWNER_ONLY = 0o600;

export function openLineFile<T>(path: string): LineFile<T> {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  const lines: T[] = whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
  const file = openSync(path, 'a', OWNER_ONLY);
  return {
    lines,
    append(line) {
      writeSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
      lines.push(line);
    },
    close: () => closeSync(file),
  };
}
