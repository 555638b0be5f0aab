/** An integration of one kind, as a receiver of `alertmanager.yml` would have it; secrets and files by name. */
import { formatProblem } from '@sluice/config/problem';
import { loadAlertmanagerConfig } from '../config/alertmanager-config.ts';
import { createGuardedFetch, type GuardedFetch } from '../http/guarded-fetch.ts';
import type { Integration } from '../receivers/receiver.ts';
import { RECEIVER_KINDS } from '../receivers/receiver-kinds.ts';
import { createRenderer } from '../render/create-renderer.ts';

export interface IntegrationOptions {
  readonly global?: object;
  readonly fetch?: GuardedFetch;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly templates?: readonly { readonly name: string; readonly source: string }[];
}

/** @throws Error with the problems of the configuration, one a line */
export function makeIntegration(
  key: string,
  settings: object,
  options: IntegrationOptions = {},
): Integration {
  const { value, problems } = loadIntegration(key, settings, options);
  if (value === undefined) throw new Error(problems.join('\n'));
  return value;
}

export function loadIntegration(
  key: string,
  settings: object,
  { global = {}, files = {}, env = {}, templates = [], ...options }: IntegrationOptions = {},
): { readonly value: Integration | undefined; readonly problems: readonly string[] } {
  const source = JSON.stringify({
    global,
    route: { receiver: 'r' },
    receivers: [{ name: 'r', [key]: [settings] }],
  });
  const { value, problems } = loadAlertmanagerConfig(source, {
    file: 'alertmanager.yml',
    references: { env, secrets: new Map() },
    kinds: RECEIVER_KINDS,
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error('there is no such file');
      return text;
    },
  });
  const [integration] = value?.receivers.get('r')?.integrations ?? [];
  return {
    value: integration?.kind.create(integration.config, {
      fetch: options.fetch ?? createGuardedFetch({ allowPrivate: true }),
      random: () => 0.5,
      render: createRenderer(templates),
    }),
    problems: problems.map(formatProblem),
  };
}
