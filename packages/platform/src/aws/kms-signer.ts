/**
 * Signs with an Ed25519 key that never leaves AWS KMS (key spec ECC_NIST_EDWARDS25519): for the checkpoints of
 * the audit trail, whose signer is the only role allowed to use the key.
 */
import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { PermanentError } from '@sluice/core/errors';

export interface KmsSignerOptions {
  readonly client: KMSClient;
  /** Id, ARN or alias. */
  readonly keyId: string;
  /** Under which verifiers know the key: without white space and `+`. */
  readonly keyName: string;
}

export interface Ed25519Signer {
  readonly keyName: string;
  /** The 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** The 64 bytes of a signature over the bytes as they are. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What a message may hold with MessageType RAW (AWS KMS API Reference, Sign). */
const MAX_MESSAGE_BYTES = 4096;
const SIGNATURE_BYTES = 64;
/** SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410 § 4). */
const SPKI_PREFIX = '302a300506032b6570032100';
const PUBLIC_KEY_BYTES = 32;

/** Asks for the public key once. @throws PermanentError when the key is of another kind. */
export async function createKmsSigner(options: KmsSignerOptions): Promise<Ed25519Signer> {
  const { client, keyId } = options;
  return {
    ...(await readKmsVerifier(options)),
    async sign(bytes) {
      if (bytes.length > MAX_MESSAGE_BYTES)
        throw new PermanentError(`${bytes.length} bytes to sign; KMS takes at most ${MAX_MESSAGE_BYTES}`);
      const { Signature } = await client.send(
        new SignCommand({
          KeyId: keyId,
          Message: bytes,
          MessageType: 'RAW',
          SigningAlgorithm: 'ED25519_SHA_512',
        }),
      );
      if (Signature?.length !== SIGNATURE_BYTES)
        throw new Error(`KMS answered a signature of ${Signature?.length ?? 0} bytes`);
      return Signature;
    },
  };
}

/** The public half, of a key that signed before, too. @throws PermanentError when the key is of another kind. */
export async function readKmsVerifier({
  client,
  keyId,
  keyName,
}: KmsSignerOptions): Promise<Omit<Ed25519Signer, 'sign'>> {
  const { PublicKey, KeySpec } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  const spki = Buffer.from(PublicKey ?? []);
  const isEd25519 =
    spki.length === SPKI_PREFIX.length / 2 + PUBLIC_KEY_BYTES && spki.toString('hex').startsWith(SPKI_PREFIX);
  if (!isEd25519) {
    throw new PermanentError(
      `the KMS key ${keyId} is ${KeySpec ?? 'of an unknown kind'}: sign with a key of spec ECC_NIST_EDWARDS25519`,
    );
  }
  return { keyName, publicKey: Uint8Array.from(spki.subarray(-PUBLIC_KEY_BYTES)) };
}
