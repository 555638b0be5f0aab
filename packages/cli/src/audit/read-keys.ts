/** Public keys that a verifier trusts: given as text, or as a file with one a line, newest first. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type NoteVerifier, parseVerifierKey } from '@sluice/audit/checkpoint';
import { CommandLineError } from '../command-line-error.ts';

/** @throws CommandLineError */
export function readKeys(keyOrFile: string, cwd: string): readonly NoteVerifier[] {
  const path = resolve(cwd, keyOrFile);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : keyOrFile;
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  try {
    if (lines.length === 0) throw new Error('there is no key in it');
    return lines.map(parseVerifierKey);
  } catch (error) {
    throw new CommandLineError(`--key ${JSON.stringify(keyOrFile)}: ${(error as Error).message}`);
  }
}
