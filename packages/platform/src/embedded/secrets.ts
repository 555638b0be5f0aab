/**
 * The Secrets port in one process: an environment variable, or an entry of a JSON file that maps names
 * to values. The file is read anew when it changes, so that a rotated secret needs no restart.
 */
import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '@sluice/core/errors';
import type { Secrets } from '@sluice/core/ports/secrets';
import { type Environment, readText } from '@sluice/core/settings';

export interface EmbeddedSecretsOptions {
  readonly env: Environment;
  /** A missing file counts as empty. */
  readonly file?: string;
}

/** `slack/webhook-url` is `SLUICE_SECRET_SLACK_WEBHOOK_URL` in the environment, which wins over the file. */
export function createEmbeddedSecrets({ env, file }: EmbeddedSecretsOptions): Secrets {
  let seen = '';
  let entries: ReadonlyMap<string, string> = new Map();

  const refresh = (path: string): void => {
    const stat = statSync(path, { throwIfNoEntry: false });
    const state = stat === undefined ? '' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
    if (state === seen) return;
    entries = stat === undefined ? new Map() : parseSecretsFile(path);
    seen = state;
  };
  return {
    async get(name) {
      const own = readText(env, environmentName(name));
      if (own !== undefined || file === undefined) return own;
      refresh(file);
      return entries.get(name);
    },
  };
}

function environmentName(name: string): string {
  return `SLUICE_SECRET_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;
}

/** @throws UsageError that names the file and never its content. */
function parseSecretsFile(path: string): ReadonlyMap<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // Without a cause: a JSON error quotes the text that it stumbled over.
    throw new UsageError(
      `the secrets file ${path} cannot be read as JSON: make it an object of names and texts`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`the secrets file ${path} is not a JSON object of names and texts`);
  }
  const entries = Object.entries(value);
  const wrong = entries.find(([, text]) => typeof text !== 'string');
  if (wrong !== undefined) throw new UsageError(`the secrets file ${path}: "${wrong[0]}" is not a text`);
  return new Map(entries as [string, string][]);
}
