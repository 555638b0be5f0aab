/** A variable that the deployment sets. */
import { UsageError } from '@sluice/core/errors';
import { type Environment, readText } from '@sluice/core/settings';

/** @throws UsageError */
export function requireText(env: Environment, name: string): string {
  const value = readText(env, name);
  if (value === undefined) throw new UsageError(`${name} is not set: infra/functions.ts sets it`);
  return value;
}
