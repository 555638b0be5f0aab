/** Wraps keys in keys: AES-256-GCM, where a context that is bound to the wrapped bytes has to be named again to open them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** IV, ciphertext and tag. */
export function wrapKey(wrappingKey: Uint8Array, key: Uint8Array, context: string): Uint8Array {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, iv).setAAD(Buffer.from(context));
  return Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when the bytes were changed, or wrapped under another key or context. */
export function unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array, context: string): Uint8Array {
  if (wrapped.length <= IV_BYTES + TAG_BYTES) throw new Error('the wrapped key is too short to be one');
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, wrapped.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context)).setAuthTag(wrapped.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(wrapped.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
}
