import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeSecretsContract } from '../testing/secrets-contract.ts';
import { makeTemporaryFolder } from '../testing/temporary-folder.ts';
import { createEmbeddedSecrets } from './secrets.ts';

describeSecretsContract('file', () => {
  const file = join(makeTemporaryFolder(), 'secrets.json');
  const entries: Record<string, string> = {};
  return {
    secrets: createEmbeddedSecrets({ env: {}, file }),
    async set(name, value) {
      entries[name] = value;
      writeFileSync(
        file,
        JSON.stringify(entries) + ' '.repeat(Object.keys(entries).length + value.charCodeAt(0)),
      );
    },
    breakWith: async (content) => writeFileSync(file, content),
  };
});

test('the environment wins over the file, and an empty variable counts as unset', async () => {
  const file = join(makeTemporaryFolder(), 'secrets.json');
  writeFileSync(file, JSON.stringify({ 'slack/webhook-url': 'from the file' }));
  const get = (env: Record<string, string>) => createEmbeddedSecrets({ env, file }).get('slack/webhook-url');
  expect(await get({ SLUICE_SECRET_SLACK_WEBHOOK_URL: 'from the environment' })).toBe('from the environment');
  expect(await get({ SLUICE_SECRET_SLACK_WEBHOOK_URL: '' })).toBe('from the file');
  expect(await createEmbeddedSecrets({ env: {} }).get('slack/webhook-url')).toBeUndefined();
});

test.each([
  ['[1]', /is not a JSON object/],
  ['{"a": 1}', /"a" is not a text/],
])('the file %s is refused with the reason', async (content, reason) => {
  const file = join(makeTemporaryFolder(), 'secrets.json');
  writeFileSync(file, content);
  await expect(createEmbeddedSecrets({ env: {}, file }).get('a')).rejects.toThrow(reason);
});
