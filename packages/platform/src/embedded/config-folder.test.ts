import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findConfigDir, openConfigFolder } from './config-folder.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-config-'));
afterEach(() => rmSync(join(dir, 'config'), { recursive: true, force: true }));
const write = (name: string, text: string): void => {
  mkdirSync(join(dir, 'config/templates'), { recursive: true });
  writeFileSync(join(dir, 'config', name), text);
};

test('the folder is the configured one, else config/ where there is one', () => {
  expect(findConfigDir('elsewhere', dir)).toBe(join(dir, 'elsewhere'));
  expect(findConfigDir(undefined, dir)).toBeUndefined();
  write('a.yml', '');
  expect(findConfigDir(undefined, dir)).toBe(join(dir, 'config'));
});

test('files are read and found from the folder, and one that is not there is undefined', () => {
  write('a.yml', 'one');
  write('templates/b.tmpl', 'two');
  write('templates/a.tmpl', 'three');
  const folder = openConfigFolder(join(dir, 'config'));
  expect(folder.read('a.yml')).toBe('one');
  expect(folder.read('none.yml')).toBeUndefined();
  expect(folder.glob('templates/*.tmpl')).toEqual(['templates/a.tmpl', 'templates/b.tmpl']);
});

test('the signature changes with what was read, what was looked for, and what a glob finds', () => {
  write('a.yml', 'one');
  write('unread.yml', 'x');
  const folder = openConfigFolder(join(dir, 'config'));
  folder.read('a.yml');
  folder.read('later.yml');
  folder.glob('templates/*');
  const seen = [folder.signature()];
  write('unread.yml', 'y');
  expect(folder.signature()).toBe(seen[0]);
  for (const [name, text] of [
    ['a.yml', 'longer'],
    ['later.yml', 'now'],
    ['templates/n.tmpl', ''],
  ] as const) {
    write(name, text);
    expect(seen).not.toContain(folder.signature());
    seen.push(folder.signature());
  }
  folder.reset();
  expect(folder.signature()).toBe('');
});
