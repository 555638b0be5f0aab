import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';
import { goGlob } from './go-glob.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await createTemporaryFolder();
  for (const path of [
    'a.yml',
    'b.yml',
    '.c.yml',
    'x/one.yml',
    'x/two.yml',
    'x/deep/one.yml',
    '[1].yml',
    '{a}.yml',
  ])
    await folder.write(path, '');
});
afterAll(() => folder[Symbol.asyncDispose]());

test.each<[string, readonly string[]]>([
  ['a.yml', ['a.yml']],
  ['./a.yml', ['./a.yml']],
  ['none.yml', []],
  ['a.yml/b', []],
  ['x', ['x']],
  ['?.yml', ['a.yml', 'b.yml']],
  ['*.yml', ['.c.yml', '[1].yml', 'a.yml', 'b.yml', '{a}.yml']],
  ['[ab].yml', ['a.yml', 'b.yml']],
  ['[^b].yml', ['a.yml']],
  ['[!b].yml', ['b.yml']],
  ['[b-a].yml', []],
  ['{a,b}.yml', []],
  ['{a}.yml', ['{a}.yml']],
  ['\\[1\\].yml', ['[1].yml']],
  ['x/*.yml', ['x/one.yml', 'x/two.yml']],
  ['x/**/*.yml', ['x/deep/one.yml']],
  ['**/*.yml', ['x/one.yml', 'x/two.yml']],
  ['none*/x', []],
])('%s finds %j', (pattern, found) => {
  expect(goGlob(pattern, folder.path)).toEqual(found);
});

test.each(['[', '[a', '[a-', 'a\\', '[]a]', '[-x]', '[x-]'])('%s is no pattern', (pattern) => {
  expect(() => goGlob(pattern, folder.path)).toThrow('syntax error in pattern');
});
