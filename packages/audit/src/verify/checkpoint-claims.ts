/** Checkpoints as claims about the tree at a size, held against the tree while it is computed again. */
import type { TenantId } from '@sluice/core/ids';
import type { Item } from '@sluice/core/ports/table';
import {
  type Checkpoint,
  encodeVerifierKey,
  type NoteVerifier,
  openSignedCheckpoint,
} from '../checkpoint.ts';
import { equalHashes, type Frontier, rootOf } from '../merkle-tree.ts';
import type { Report } from './finding.ts';
import { createKeySuccession } from './key-succession.ts';

export interface CheckpointClaims {
  /** The item of a checkpoint in the table. */
  addItem(item: Item): void;
  /** A note from outside the table, which has to be in the table as well. */
  addOutsideNote(note: string, where: string): void;
  /** A note that stands for itself. */
  addClaim(note: string, where: string): void;
  /** The tree at the end of a segment: the only sizes that are ever sealed. */
  check(frontier: Frontier): void;
  /**
   * Reports every claim about a tree that never was, and answers the largest size that was true. Claims past `size` are
   * left alone where the log has grown to them meanwhile.
   */
  finish(size: number, grownTo?: number): number;
}

/** @param keys newest first: an earlier one counts for what was sealed before the next signed */
export function createCheckpointClaims(
  tenant: TenantId,
  keys: readonly NoteVerifier[],
  report: Report,
): CheckpointClaims {
  const claims = new Map<number, { readonly root: Uint8Array; readonly where: string }[]>();
  const stored = new Map<number, string>();
  /** Checkpoints that others name as theirs before: by size, who says so. */
  const named = new Map<number, string>();
  const outside: { readonly size: number; readonly note: string; readonly where: string }[] = [];
  const succession = createKeySuccession();
  let sealedSize = 0;

  function addNote(note: string, where: string): Checkpoint | undefined {
    try {
      const { checkpoint, signedBy } = openSignedCheckpoint(note, keys);
      const { tenant: owner, size, root, previous } = checkpoint;
      if (owner === tenant) {
        succession.add({ signedBy, size, where });
        claims.set(size, [...(claims.get(size) ?? []), { root, where }]);
        if (previous > 0) named.set(previous, where);
        return checkpoint;
      }
      report('mutated', where, `is a checkpoint of tenant ${owner}`);
    } catch (error) {
      report('mutated', where, (error as Error).message);
    }
    return undefined;
  }

  return {
    addClaim(note, where) {
      const checkpoint = addNote(note, where);
      if (checkpoint !== undefined) stored.set(checkpoint.size, note);
    },
    addOutsideNote(note, where) {
      const checkpoint = addNote(note, where);
      if (checkpoint !== undefined) outside.push({ size: checkpoint.size, note, where });
    },
    addItem({ sk, note, pk: _, ...others }) {
      const text = typeof note === 'string' && Object.keys(others).length === 0 ? note : '';
      const checkpoint = addNote(text, sk);
      if (checkpoint === undefined) return;
      stored.set(checkpoint.size, text);
      if (Number(sk.slice('chk#'.length)) !== checkpoint.size)
        report('mutated', sk, `seals ${checkpoint.size} events`);
    },
    check(frontier) {
      const here = claims.get(frontier.size);
      if (here === undefined) return;
      claims.delete(frontier.size);
      const root = rootOf(frontier);
      for (const claim of here) {
        if (equalHashes(claim.root, root)) sealedSize = frontier.size;
        else report('mutated', claim.where, `the ${frontier.size} events are not the ones that were sealed`);
      }
    },
    finish(size, grownTo = size) {
      for (const [claimed, list] of claims) {
        if (claimed > size && claimed <= grownTo) continue;
        for (const { where } of list) {
          if (claimed > size)
            report(
              'missing',
              where,
              `${claimed} events were sealed, and only ${size} are left: the log was cut or rolled back`,
            );
          else report('mutated', where, `seals ${claimed} events, which was never the end of a segment`);
        }
      }
      for (const { size: claimed, note, where } of outside) {
        if (stored.get(claimed) !== note)
          report('missing', where, `the checkpoint of ${claimed} events is not in the table`);
      }
      for (const { signedBy, where, replacedAt } of succession.violations()) {
        const key = encodeVerifierKey(keys[signedBy]!).split('+').slice(0, 2).join('+');
        report(
          'mutated',
          where,
          `is signed with ${key}, which another key had replaced when ${replacedAt} events were sealed`,
        );
      }
      for (const [claimed, where] of named) {
        if (!stored.has(claimed))
          report('missing', where, `the checkpoint of ${claimed} events, which came before it, is gone`);
      }
      return sealedSize;
    },
  };
}
