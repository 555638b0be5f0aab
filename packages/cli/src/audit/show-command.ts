/** `sluice audit show`. */
import { openCheckpoint, parseVerifierKey } from '@sluice/audit/checkpoint';
import { hashLeaf, isIncluded } from '@sluice/audit/merkle-tree';
import type { EventProof } from '@sluice/audit/read/trail-reader';
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { createAuditClient, type NumberedEvent } from './audit-client.ts';
import { requireEventId } from './query-command.ts';
import { readKeys } from './read-keys.ts';
import { renderEvent } from './render-events.ts';

export const showAuditCommand = defineCommand({
  operands: 'ID',
  minOperands: 1,
  maxOperands: 1,
  about: `Shows one event of the audit trail. With --proof it also checks, here and not on the server, that the
event is in the tree that a signed checkpoint commits to. --key names the public key to trust; by
default it is the one that the pipeline names.`,
  options: {
    proof: { type: 'boolean', help: 'checks that the event is in the sealed log' },
    key: { type: 'string', value: 'KEY', help: 'public key, or a file that holds it' },
  },
  examples: [
    'sluice audit show ev_782477105b2bf5688b766052aabde9b39cf73189',
    'sluice audit show ev_782477105b2bf5688b766052aabde9b39cf73189 --proof --key audit.pub',
  ],
  async run({ options, positionals, json }, io) {
    const id = requireEventId(positionals[0]!);
    const client = createAuditClient(io);
    const style = createStyle(io.stdout, io.env);
    const event = await client.call<NumberedEvent>('GET', `/events/${id}`);
    if (!options.proof) {
      io.stdout.write(json ? `${safeJson(event)}\n` : renderEvent(event, style));
      return EXIT.ok;
    }
    const proof = await client.call<EventProof & { readonly key: string }>('GET', `/events/${id}/proof`);
    const keys = options.key === undefined ? [parseVerifierKey(proof.key)] : readKeys(options.key, io.cwd);
    const reason = whyUnproved(id, proof, keys);
    if (json) {
      io.stdout.write(
        `${safeJson({ event, proof, proved: reason === undefined, ...(reason && { reason }) })}\n`,
      );
    } else {
      io.stdout.write(renderEvent(event, style));
      io.stdout.write(
        reason === undefined
          ? `${style.green('proved')}  event ${proof.seq} of the ${proof.size} that ${keys[0]!.keyName} sealed\n`
          : `${style.red('not proved')}  ${reason}\n`,
      );
    }
    return reason === undefined ? EXIT.ok : EXIT.failure;
  },
});

function whyUnproved(
  id: string,
  { entry, seq, size, inclusion, checkpoint }: EventProof,
  keys: Parameters<typeof openCheckpoint>[1],
): string | undefined {
  try {
    if ((JSON.parse(entry) as { id?: unknown }).id !== id) return 'the proof is of another event';
    const sealed = openCheckpoint(checkpoint, keys);
    const proof = inclusion.map((hash) => Buffer.from(hash, 'base64'));
    const claim = { leafHash: hashLeaf(Buffer.from(entry)), index: seq, size, root: sealed.root, proof };
    return sealed.size === size && isIncluded(claim)
      ? undefined
      : 'the proof does not lead to the sealed tree';
  } catch (error) {
    return (error as Error).message;
  }
}
