import { createPublicKey, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@sluice/core/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSigningKeyFile, openWrappingKeyFile } from './key-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

test('a signing key is made once, for its owner alone, and is the same afterwards', async () => {
  const path = join(folder, 'signing.key');
  const first = openSigningKeyFile(path, 'sluice');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['signing.key']);
  const again = openSigningKeyFile(path, 'sluice');
  expect(again.publicKey).toEqual(first.publicKey);
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, first.publicKey]),
    format: 'der',
    type: 'spki',
  });
  expect(verify(null, Buffer.from('x'), key, await again.sign(Buffer.from('x')))).toBe(true);
});

test('a wrapped key opens after a restart, under its context alone, and unchanged alone', async () => {
  const path = join(folder, 'wrapping.key');
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  const wrapped = await openWrappingKeyFile(path).wrap(key, 'a');
  const again = openWrappingKeyFile(path);
  expect(Uint8Array.from(await again.unwrap(wrapped, 'a'))).toEqual(key);
  await expect(again.unwrap(wrapped, 'b')).rejects.toThrow();
  const changed = Uint8Array.from(wrapped);
  changed[20]! ^= 1;
  await expect(again.unwrap(changed, 'a')).rejects.toThrow();
  await expect(again.unwrap(new Uint8Array(28), 'a')).rejects.toThrow('too short');
});

test('a key that others may read is not used', () => {
  const path = join(folder, 'wrapping.key');
  openWrappingKeyFile(path);
  chmodSync(path, 0o640);
  expect(() => openWrappingKeyFile(path)).toThrow(/may be read by others \(mode 640\).*chmod 600/);
});

test.each([
  ['signing', openSigningKeyFile, 'rubbish', /holds no Ed25519 key in PEM/],
  ['wrapping', openWrappingKeyFile, 'c2hvcnQ=', /does not hold 32 bytes in base64/],
] as const)('a damaged %s key is named, and its content is not', (_, open, text, message) => {
  const path = join(folder, 'damaged.key');
  writeFileSync(path, text, { mode: 0o600 });
  expect(() => open(path, 'sluice')).toThrow(UsageError);
  expect(() => open(path, 'sluice')).toThrow(message);
  expect(() => open(path, 'sluice')).not.toThrow(text);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('a folder that cannot be written is told', () => {
  expect(() => openWrappingKeyFile(join(folder, 'missing', 'k'))).toThrow(/key file .* cannot be used/);
});
