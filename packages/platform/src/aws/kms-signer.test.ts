import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createKmsSigner, readKmsVerifier } from './kms-signer.ts';

const keyId = 'alias/sluice-audit';

function makeKms(type: 'ed25519' | 'ec' = 'ed25519') {
  const { publicKey, privateKey } =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const client = new KMSClient({ region: 'eu-central-1' });
  const mock = mockClient(client);
  mock.on(GetPublicKeyCommand, { KeyId: keyId }).resolves({
    PublicKey: publicKey.export({ type: 'spki', format: 'der' }),
    KeySpec: type === 'ed25519' ? 'ECC_NIST_EDWARDS25519' : 'ECC_NIST_P256',
  });
  mock
    .on(SignCommand, { KeyId: keyId, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' })
    .callsFake(({ Message }: { Message: Uint8Array }) => ({ Signature: sign(null, Message, privateKey) }));
  return { client, mock, publicKey };
}

test('signatures of KMS verify under the public key that it names, asked for once', async () => {
  const { client, mock, publicKey } = makeKms();
  const signer = await createKmsSigner({ client, keyId, keyName: 'sluice-production' });
  expect(signer.keyName).toBe('sluice-production');
  expect(signer.publicKey).toHaveLength(32);
  for (const text of ['one', 'two']) {
    const signature = await signer.sign(Buffer.from(text));
    expect(verify(null, Buffer.from(text), publicKey, signature)).toBe(true);
  }
  expect(mock.commandCalls(GetPublicKeyCommand)).toHaveLength(1);
});

test('a key of another kind is refused at the start, with the kind that is needed', async () => {
  const { client } = makeKms('ec');
  await expect(createKmsSigner({ client, keyId, keyName: 'k' })).rejects.toThrow(
    'the KMS key alias/sluice-audit is ECC_NIST_P256: sign with a key of spec ECC_NIST_EDWARDS25519',
  );
});

test('of a key that signed before the public half is enough', async () => {
  const { client, mock, publicKey } = makeKms();
  const verifier = await readKmsVerifier({ client, keyId, keyName: 'k' });
  expect(verifier).toEqual({
    keyName: 'k',
    publicKey: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)),
  });
  expect(mock.commandCalls(SignCommand)).toHaveLength(0);
  await expect(readKmsVerifier({ client: makeKms('ec').client, keyId, keyName: 'k' })).rejects.toThrow(
    'ECC_NIST_P256',
  );
});

test('what KMS would refuse is not sent, and a strange answer is no signature', async () => {
  const { client, mock } = makeKms();
  const signer = await createKmsSigner({ client, keyId, keyName: 'k' });
  await expect(signer.sign(new Uint8Array(4097))).rejects.toThrow('4097 bytes to sign');
  mock.on(SignCommand).resolves({ Signature: new Uint8Array(70) });
  await expect(signer.sign(new Uint8Array(10))).rejects.toThrow('a signature of 70 bytes');
});
