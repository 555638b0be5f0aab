/**
 * Wraps the data keys of the audit trail under AWS KMS, as envelopes: a wrapping key from GenerateDataKey serves
 * for a while, and travels with each key that it wraps in the form that only KMS can open. A key per person would cost a call each.
 */
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { type Clock, systemClock } from '@sluice/core/ports/clock';
import { unwrapKey, wrapKey } from '../key-wrapping.ts';

export interface KmsKeyWrapperOptions {
  readonly client: KMSClient;
  /** Symmetric; id, ARN or alias. */
  readonly keyId: string;
  /** Bound to the wrapping keys by KMS and shown in its log (CloudTrail), e.g. `{stage: 'production'}`. */
  readonly encryptionContext?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export interface KeyWrapper {
  wrap(key: Uint8Array, context: string): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>;
}

interface WrappingKey {
  readonly plain: Uint8Array;
  /** What KMS opens. */
  readonly blob: Uint8Array;
  readonly untilMs: number;
}

/** How long a plain wrapping key stays in memory, and how many. */
const KEEP_MS = 3_600_000;
const MAX_KEPT = 100;
const LENGTH_BYTES = 2;

export function createKmsKeyWrapper(options: KmsKeyWrapperOptions): KeyWrapper {
  const { client, keyId, clock = systemClock } = options;
  const EncryptionContext = { purpose: 'sluice-audit', ...options.encryptionContext };
  const opened = new Map<string, Promise<WrappingKey>>();
  let current: Promise<WrappingKey> | undefined;

  const expiry = (): number => clock.nowMs() + KEEP_MS;
  const isOld = async (key: Promise<WrappingKey>): Promise<boolean> => (await key).untilMs <= clock.nowMs();

  async function generate(): Promise<WrappingKey> {
    const { Plaintext, CiphertextBlob } = await client.send(
      new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext }),
    );
    if (Plaintext === undefined || CiphertextBlob === undefined) throw new Error('KMS answered no data key');
    return { plain: Plaintext, blob: CiphertextBlob, untilMs: expiry() };
  }

  async function decrypt(blob: Uint8Array): Promise<WrappingKey> {
    const { Plaintext } = await client.send(
      new DecryptCommand({ KeyId: keyId, CiphertextBlob: blob, EncryptionContext }),
    );
    if (Plaintext === undefined) throw new Error('KMS answered no key');
    return { plain: Plaintext, blob, untilMs: expiry() };
  }

  async function openBlob(blob: Uint8Array): Promise<WrappingKey> {
    const name = Buffer.from(blob).toString('base64');
    const known = opened.get(name);
    if (known !== undefined && !(await isOld(known))) return known;
    const asked = decrypt(blob);
    opened.set(name, asked);
    asked.catch(() => opened.delete(name));
    if (opened.size > MAX_KEPT) opened.delete(opened.keys().next().value!);
    return asked;
  }

  async function currentKey(): Promise<WrappingKey> {
    if (current === undefined || (await isOld(current))) {
      const made = generate();
      current = made;
      made.catch(() => {
        if (current === made) current = undefined;
      });
    }
    return current;
  }

  return {
    async wrap(key, context) {
      const { plain, blob } = await currentKey();
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt16BE(blob.length);
      return Buffer.concat([length, blob, wrapKey(plain, key, context)]);
    },
    async unwrap(wrapped, context) {
      const bytes = Buffer.from(wrapped);
      const end = LENGTH_BYTES + (bytes.length < LENGTH_BYTES ? 0 : bytes.readUInt16BE());
      if (bytes.length <= end) throw new Error('the wrapped key is cut off');
      const { plain } = await openBlob(bytes.subarray(LENGTH_BYTES, end));
      return unwrapKey(plain, bytes.subarray(end), context);
    },
  };
}
