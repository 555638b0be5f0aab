import { randomBytes } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createKmsKeyWrapper } from './kms-key-wrapper.ts';

const key = randomBytes(32);
const HOUR_MS = 3_600_000;

/** KMS as far as it is used: a data key opens only with the context that it was made with. */
function makeKms() {
  const made = new Map<string, { plain: Uint8Array; context: string }>();
  const client = new KMSClient({ region: 'eu-central-1' });
  const mock = mockClient(client);
  mock.on(GenerateDataKeyCommand, { KeyId: 'alias/audit', KeySpec: 'AES_256' }).callsFake((input) => {
    const [plain, blob] = [randomBytes(32), randomBytes(184)];
    made.set(blob.toString('hex'), { plain, context: JSON.stringify(input.EncryptionContext) });
    return { Plaintext: plain, CiphertextBlob: blob };
  });
  mock.on(DecryptCommand).callsFake((input) => {
    const entry = made.get(Buffer.from(input.CiphertextBlob).toString('hex'));
    if (entry?.context !== JSON.stringify(input.EncryptionContext))
      throw Object.assign(new Error('the ciphertext is invalid'), { name: 'InvalidCiphertextException' });
    return { Plaintext: entry?.plain };
  });
  const clock = createFakeClock();
  const open = (stage = 'test') =>
    createKmsKeyWrapper({ client, keyId: 'alias/audit', encryptionContext: { stage }, clock });
  const calls = () => [
    mock.commandCalls(GenerateDataKeyCommand).length,
    mock.commandCalls(DecryptCommand).length,
  ];
  return { mock, clock, open, calls };
}

test('another process opens what one has wrapped, under the same context alone', async () => {
  const { open } = makeKms();
  const wrapped = await open().wrap(key, 'tenant a');
  expect(Buffer.from(wrapped).includes(key)).toBe(false);
  expect(Buffer.from(await open().unwrap(wrapped, 'tenant a')).equals(key)).toBe(true);
  await expect(open().unwrap(wrapped, 'tenant b')).rejects.toThrow();
  await expect(open('other').unwrap(wrapped, 'tenant a')).rejects.toThrow('the ciphertext is invalid');
});

test('changed, cut and empty bytes do not open', async () => {
  const { open } = makeKms();
  const wrapped = await open().wrap(key, 'c');
  for (const at of [0, 1, 5, 190, wrapped.length - 1]) {
    const changed = Uint8Array.from(wrapped);
    changed[at]! ^= 1;
    await expect(open().unwrap(changed, 'c')).rejects.toThrow();
  }
  for (const length of [0, 1, 2, 186, 190]) {
    await expect(open().unwrap(wrapped.slice(0, length), 'c')).rejects.toThrow();
  }
});

test('thousands of keys cost one call an hour in each direction', async () => {
  const { clock, open, calls } = makeKms();
  const [writer, reader] = [open(), open()];
  for (let i = 0; i < 1000; i++) await reader.unwrap(await writer.wrap(key, `subject ${i}`), `subject ${i}`);
  expect(calls()).toEqual([1, 1]);
  await clock.advance(HOUR_MS);
  await reader.unwrap(await writer.wrap(key, 'later'), 'later');
  expect(calls()).toEqual([2, 2]);
});

test('a fault of KMS passes by: the next call asks again', async () => {
  const { mock, open } = makeKms();
  const wrapper = open();
  mock
    .on(GenerateDataKeyCommand)
    .rejectsOnce(new Error('ThrottlingException'))
    .resolves({ Plaintext: randomBytes(32), CiphertextBlob: randomBytes(184) });
  await expect(wrapper.wrap(key, 'c')).rejects.toThrow('ThrottlingException');
  expect((await wrapper.wrap(key, 'c')).length).toBe(2 + 184 + 12 + 32 + 16);
});
