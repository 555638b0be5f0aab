/** The file of public keys that signed before the present one: one a line, newest first. */
import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '@sluice/core/errors';
import { encodeVerifierKey, type NoteVerifier, parseVerifierKey } from './checkpoint.ts';

/**
 * None without a file; the present key is none of them, though a rotation that broke off may have listed it.
 * @throws UsageError
 */
export function readEarlierKeys(path: string, present: NoteVerifier): readonly NoteVerifier[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const own = encodeVerifierKey(present);
  try {
    return lines.filter((line) => line.trim() !== own).map(parseVerifierKey);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}; put the file back from a backup`);
  }
}
