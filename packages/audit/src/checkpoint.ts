/**
 * Checkpoints: the size and root of a tenant's tree, signed as a C2SP signed note (tlog-checkpoint), so that
 * any transparency-log tool can check them.
 *
 *     sluice/audit/<tenant>
 *     <size>
 *     <base64 root>
 *     previous <size of the checkpoint before this one>
 *
 *     — <key name> <base64 of 4 bytes key hash and 64 bytes Ed25519 signature>
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { parseTenantId, type TenantId } from '@sluice/core/ids';
import { HASH_BYTES } from './merkle-tree.ts';

export interface Checkpoint {
  readonly tenant: TenantId;
  readonly size: number;
  readonly root: Uint8Array;
  /** Size of the checkpoint that was the newest when this one was made; 0 for the first. */
  readonly previous: number;
}

/** Ed25519; a key file locally, KMS in the cloud. Signs the bytes as they are. */
export interface NoteSigner {
  /** Without white space and `+`, e.g. `sluice-production`. */
  readonly keyName: string;
  /** The 32 raw bytes. */
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface NoteVerifier {
  readonly keyName: string;
  readonly publicKey: Uint8Array;
}

/** Under which verifiers know the pipeline's own keys. */
export const AUDIT_KEY_NAME = 'sluice-audit';

const ORIGIN = 'sluice/audit/';
/** Signature type of Ed25519 in a note's key hash (C2SP signed-note). */
const ED25519 = Uint8Array.of(1);
const KEY_HASH_BYTES = 4;
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export async function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): Promise<string> {
  const text = textOf(checkpoint);
  const signature = await signer.sign(Buffer.from(text));
  const blob = Buffer.concat([keyHash(signer), signature]).toString('base64');
  return `${text}\n— ${signer.keyName} ${blob}\n`;
}

/**
 * The checkpoint of a note that carries a valid signature by one of the keys (others are passed over, as
 * rotation and witnesses add signatures). @throws Error that says what is wrong with the note.
 */
export function openCheckpoint(note: string, keys: readonly NoteVerifier[]): Checkpoint {
  return openSignedCheckpoint(note, keys).checkpoint;
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Place among the keys of the first one that signed it: 0 for the newest. */
  readonly signedBy: number;
}

/** As `openCheckpoint`, and by which key. @param keys newest first */
export function openSignedCheckpoint(note: string, keys: readonly NoteVerifier[]): SignedCheckpoint {
  const border = note.lastIndexOf('\n\n');
  if (border < 0 || !note.endsWith('\n'))
    throw new Error('not a signed note: no empty line before the signatures');
  const text = note.slice(0, border + 1);
  const lines = note.slice(border + 2, -1).split('\n');
  const signedBy = keys.findIndex((key) => lines.some((line) => isSignature(line, text, key)));
  if (signedBy < 0)
    throw new Error(`no valid signature by ${keys.map(({ keyName }) => keyName).join(' or ')}`);
  return { checkpoint: parseText(text), signedBy };
}

/** `<name>+<key hash in hex>+<base64 of type and key>`: how verifier keys are written down (C2SP signed-note). */
export function encodeVerifierKey(key: NoteVerifier): string {
  const blob = Buffer.concat([ED25519, key.publicKey]).toString('base64');
  return `${key.keyName}+${keyHash(key).toString('hex')}+${blob}`;
}

/** @throws Error */
export function parseVerifierKey(text: string): NoteVerifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  const blob = Buffer.from(match?.[3] ?? '', 'base64');
  if (match === null || blob.length !== 33 || blob[0] !== ED25519[0])
    throw new Error('not an Ed25519 verifier key of the form name+hash+key');
  const key = { keyName: match[1]!, publicKey: blob.subarray(1) };
  if (keyHash(key).toString('hex') !== match[2])
    throw new Error('the verifier key does not fit its hash: it was copied wrongly');
  return key;
}

function textOf({ tenant, size, root, previous }: Checkpoint): string {
  return `${ORIGIN}${tenant}\n${size}\n${Buffer.from(root).toString('base64')}\nprevious ${previous}\n`;
}

function parseText(text: string): Checkpoint {
  const match =
    /^sluice\/audit\/([a-z0-9_-]+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/=]+)\nprevious (0|[1-9]\d*)\n$/.exec(text);
  const root = Buffer.from(match?.[3] ?? '', 'base64');
  const [size, previous] = [Number(match?.[2]), Number(match?.[4])];
  if (match === null || root.length !== HASH_BYTES || !Number.isSafeInteger(size) || previous >= size) {
    throw new Error('the note is signed, but is no checkpoint of an audit log');
  }
  return { tenant: parseTenantId(match[1]!), size, root, previous };
}

function isSignature(line: string, text: string, key: NoteVerifier): boolean {
  const prefix = `— ${key.keyName} `;
  if (!line.startsWith(prefix)) return false;
  const blob = Buffer.from(line.slice(prefix.length), 'base64');
  if (Buffer.compare(blob.subarray(0, KEY_HASH_BYTES), keyHash(key)) !== 0) return false;
  return verify(null, Buffer.from(text), toKeyObject(key.publicKey), blob.subarray(KEY_HASH_BYTES));
}

function keyHash({ keyName, publicKey }: NoteVerifier): Buffer {
  return createHash('sha256')
    .update(`${keyName}\n`)
    .update(ED25519)
    .update(publicKey)
    .digest()
    .subarray(0, KEY_HASH_BYTES);
}

function toKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
}
