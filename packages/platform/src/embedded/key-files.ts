/**
 * The secret keys of local mode, each in a file of its own that only its owner may read: made at the first start,
 * and never used when anybody else could have read them.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { UsageError } from '@sluice/core/errors';
import type { KeyWrapper } from '../aws/kms-key-wrapper.ts';
import type { Ed25519Signer } from '../aws/kms-signer.ts';
import { unwrapKey, wrapKey } from '../key-wrapping.ts';

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const WRAPPING_KEY_BYTES = 32;
const RAW_KEY_BYTES = 32;

/** An Ed25519 key in PKCS #8 PEM. @throws UsageError */
export function openSigningKeyFile(path: string, keyName: string): Ed25519Signer {
  const pem = readOrCreate(path, () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('it is not of type Ed25519');
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    return {
      keyName,
      publicKey: Uint8Array.from(spki.subarray(-RAW_KEY_BYTES)),
      sign: async (bytes) => sign(null, bytes, privateKey),
    };
  } catch {
    // Without a cause: its text could quote the key.
    throw new UsageError(`${path} holds no Ed25519 key in PEM: put the right file back from a backup`);
  }
}

/** 32 random bytes in base64. @throws UsageError */
export function openWrappingKeyFile(path: string): KeyWrapper {
  const text = readOrCreate(path, () => `${randomBytes(WRAPPING_KEY_BYTES).toString('base64')}\n`);
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== WRAPPING_KEY_BYTES) {
    throw new UsageError(
      `${path} does not hold ${WRAPPING_KEY_BYTES} bytes in base64: put the right file back from a backup`,
    );
  }
  return {
    wrap: async (plain, context) => wrapKey(key, plain, context),
    unwrap: async (wrapped, context) => unwrapKey(key, wrapped, context),
  };
}

function readOrCreate(path: string, make: () => string): string {
  try {
    if (!existsSync(path)) create(path, make());
    const { mode } = statSync(path);
    if ((mode & OTHERS) !== 0) {
      throw new UsageError(
        `${path} may be read by others (mode ${(mode & 0o777).toString(8)}): make the key secret with "chmod 600", and a new one if somebody may have read it`,
      );
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`the key file ${path} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** All or nothing, so that a process that dies halfway leaves no half key behind; whoever is first wins. */
function create(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, 'w', OWNER_ONLY);
  try {
    chmodSync(draft, OWNER_ONLY);
    writeSync(file, text);
    fsyncSync(file);
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(file);
    unlinkSync(draft);
  }
}
