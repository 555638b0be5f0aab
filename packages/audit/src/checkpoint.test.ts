import { describe, expect, test } from 'vitest';
import { encodeVerifierKey, openCheckpoint, parseVerifierKey, signCheckpoint } from './checkpoint.ts';
import { hashLeaf } from './merkle-tree.ts';
import { ACME, createTestSigner } from './testing/audit-fixture.ts';

const signer = createTestSigner('sluice-test');
const checkpoint = { tenant: ACME, size: 12, root: hashLeaf(Buffer.from('x')), previous: 3 };

describe('a checkpoint', () => {
  test('is a signed note that opens with its key, also among signatures of others', async () => {
    const note = await signCheckpoint(checkpoint, signer);
    expect(note).toMatch(
      /^sluice\/audit\/acme\n12\n[A-Za-z0-9+/=]{44}\nprevious 3\n\n— sluice-test [A-Za-z0-9+/=]+\n$/,
    );
    const witnessed = `${note}— witness.example AAAAAAAA\n`;
    expect(openCheckpoint(witnessed, [createTestSigner('other'), signer])).toEqual({
      ...checkpoint,
      root: Buffer.from(checkpoint.root),
    });
  });

  test('does not open when any bit of it was changed', async () => {
    const note = Buffer.from(await signCheckpoint(checkpoint, signer));
    for (let i = 0; i < note.length; i++) {
      const changed = Buffer.from(note);
      changed[i]! ^= 1;
      const open = () => openCheckpoint(changed.toString(), [signer]);
      try {
        expect(open()).toEqual({ ...checkpoint, root: Buffer.from(checkpoint.root) });
        expect(changed.subarray(0, i).toString()).toContain('—');
      } catch (error) {
        expect((error as Error).message).toMatch(/signed note|no valid signature/);
      }
    }
  });

  test('signed, but not about an audit log, is refused', async () => {
    const forged = { ...signer, sign: signer.sign };
    const note = await signCheckpoint({ ...checkpoint, previous: 99 }, forged);
    expect(() => openCheckpoint(note, [signer])).toThrow('is no checkpoint of an audit log');
  });
});

describe('a verifier key', () => {
  test('is read back from its text, and refused when it was copied wrongly', () => {
    const text = encodeVerifierKey(signer);
    expect(parseVerifierKey(`${text}\n`)).toEqual({
      keyName: 'sluice-test',
      publicKey: Buffer.from(signer.publicKey),
    });
    expect(() => parseVerifierKey(text.replace('sluice-test', 'sluice-prod'))).toThrow('copied wrongly');
    expect(() => parseVerifierKey('sluice-test')).toThrow('not an Ed25519 verifier key');
  });
});
