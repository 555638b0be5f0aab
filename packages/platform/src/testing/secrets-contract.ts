/** What every Secrets adapter must do, as one suite. */
import type { Secrets } from '@sluice/core/ports/secrets';
import { describe, expect, test } from 'vitest';

export interface SecretsHarness {
  readonly secrets: Secrets;
  /** Sets a secret where the adapter looks for it, late enough for it to be seen. */
  set(name: string, value: string): Promise<void>;
  /** Makes what the adapter reads unreadable while holding the text `content`. */
  breakWith(content: string): Promise<void>;
}

export function describeSecretsContract(name: string, makeHarness: () => SecretsHarness): void {
  describe(`secrets contract: ${name}`, () => {
    test('a secret is found by its name, an unknown one is undefined', async () => {
      const { secrets, set } = makeHarness();
      await set('slack/webhook', 'https://hooks.example.com/T0');
      expect(await secrets.get('slack/webhook')).toBe('https://hooks.example.com/T0');
      expect(await secrets.get('slack/other')).toBeUndefined();
    });

    test('a changed secret is seen', async () => {
      const { secrets, set } = makeHarness();
      await set('signer', 'old');
      expect(await secrets.get('signer')).toBe('old');
      await set('signer', 'new');
      expect(await secrets.get('signer')).toBe('new');
    });

    test('an error never holds a value', async () => {
      const { secrets, breakWith } = makeHarness();
      await breakWith('hunter2 {');
      const error = await secrets.get('signer').then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toBeInstanceOf(Error);
      expect(`${error!.stack} ${error!.cause ?? ''}`).not.toContain('hunter2');
    });
  });
}
