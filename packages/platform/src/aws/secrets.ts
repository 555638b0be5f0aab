/** The Secrets port on AWS Systems Manager Parameter Store (SecureString parameters). */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { type Clock, systemClock } from '@sluice/core/ports/clock';
import type { Secrets } from '@sluice/core/ports/secrets';

export interface SsmSecretsOptions {
  readonly client: SSMClient;
  /** Put before every name, e.g. `/sluice/production/`. */
  readonly prefix: string;
  readonly clock?: Clock;
  /** How long a rotated secret may take to be seen; default 5 min. */
  readonly cacheMs?: number;
}

interface Cached {
  readonly value: string | undefined;
  readonly untilMs: number;
}

export function createSsmSecrets(options: SsmSecretsOptions): Secrets {
  const { client, prefix, clock = systemClock, cacheMs = 300_000 } = options;
  const cache = new Map<string, Cached>();

  const read = async (name: string): Promise<string | undefined> => {
    try {
      const { Parameter } = await client.send(
        new GetParameterCommand({ Name: prefix + name, WithDecryption: true }),
      );
      return Parameter?.Value;
    } catch (error) {
      if (error instanceof Error && error.name === 'ParameterNotFound') return undefined;
      throw new Error(`secret ${prefix}${name} cannot be read`, { cause: error });
    }
  };
  return {
    async get(name) {
      const known = cache.get(name);
      if (known !== undefined && clock.nowMs() < known.untilMs) return known.value;
      try {
        const value = await read(name);
        cache.set(name, { value, untilMs: clock.nowMs() + cacheMs });
        return value;
      } catch (error) {
        // An outage of the store must not stop what works: the last value serves until it is back.
        if (known?.value !== undefined) return known.value;
        throw error;
      }
    },
  };
}
