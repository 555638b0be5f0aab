/**
 * What CloudFront tells the functions behind it, so that nobody goes around its web ACL to the Function URLs. The value
 * is made once a generation, and kept in a parameter that no role may read; functions get its digest.
 */
import { createHash } from 'node:crypto';
import { secretPrefix } from './secrets';
import type { Settings } from './settings';

export interface OriginSecret {
  readonly value: $util.Output<string>;
  /** SHA-256 in hex of this generation and of the one before, with a comma: functions take both. */
  readonly digests: $util.Output<string>;
}

const LENGTH = 48;

/** `undefined` where nothing stands in front of the functions. */
export function createOriginSecret(settings: Settings): OriginSecret | undefined {
  if (settings.edge !== 'cdn') return undefined;
  const newest = settings.originSecretGeneration;
  const generations = newest === 1 ? [1] : [newest, newest - 1];
  const values = generations.map((generation) => createGeneration(settings, generation));
  // What it is a digest of cannot be guessed: it is no secret, and functions show it.
  const digests = $util.unsecret(
    $util
      .all(values)
      .apply((texts) => texts.map((text) => createHash('sha256').update(text).digest('hex')).join()),
  );
  return { value: values[0]!, digests };
}

function createGeneration(settings: Settings, generation: number): $util.Output<string> {
  const { randomPassword } = aws.secretsmanager.getRandomPasswordOutput({
    passwordLength: LENGTH,
    excludePunctuation: true,
  });
  const parameter = new aws.ssm.Parameter(
    `OriginSecret-${generation}`,
    {
      name: `${secretPrefix(settings)}origin-secret-${generation}`,
      type: 'SecureString',
      value: $util.secret(randomPassword),
    },
    // Every deployment draws another: the first one stays.
    { ignoreChanges: ['value'] },
  );
  return parameter.value;
}
