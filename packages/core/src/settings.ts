/** Typed reading of environment variables. A bad value is named with what is wrong and what is allowed. */
import { UsageError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

interface IntegerRange {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/** An empty value counts as unset, as in shells and compose files. */
export function readText(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

/** @throws UsageError */
export function readInteger(env: Environment, name: string, { fallback, min, max }: IntegerRange): number {
  const text = readText(env, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`${name}=${JSON.stringify(text)} is not a whole number from ${min} to ${max}`);
  }
  return value;
}

/** A number from 0 to 1. @throws UsageError */
export function readRatio(env: Environment, name: string, fallback: number): number {
  const text = readText(env, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value >= 0 && value <= 1))
    throw new UsageError(`${name}=${JSON.stringify(text)} is not a number from 0 to 1`);
  return value;
}

/** @throws UsageError */
export function readBoolean(env: Environment, name: string, fallback: boolean): boolean {
  const text = readText(env, name)?.toLowerCase();
  if (text === undefined) return fallback;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new UsageError(`${name}=${JSON.stringify(text)} is neither "true" nor "false"`);
}

/** @throws UsageError */
export function readChoice<const T extends string>(
  env: Environment,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const text = readText(env, name);
  if (text === undefined) return fallback;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined)
    throw new UsageError(`${name}=${JSON.stringify(text)} is not one of ${choices.join(', ')}`);
  return choice;
}

/** An http(s) URL without a trailing slash. @throws UsageError (without the URL's credentials). */
export function readUrl(env: Environment, name: string): string | undefined {
  const text = readText(env, name);
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`${name} is not an http:// or https:// URL`);
  }
  return text.replace(/\/+$/, '');
}

/** Comma-separated, blanks dropped. */
export function readList(env: Environment, name: string): readonly string[] {
  return (readText(env, name) ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
