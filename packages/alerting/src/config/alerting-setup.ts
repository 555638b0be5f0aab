/** What a configuration folder says about alerting, ready to route and to send. */
import type { Problem } from '@sluice/config/problem';
import { hasErrors } from '@sluice/config/problem';
import type { ReferenceSource } from '@sluice/config/references';
import { TemplateError } from '@sluice/templates/template-error';
import type { GuardedFetch } from '../http/guarded-fetch.ts';
import type { NotifyJob } from '../notify/notify-job.ts';
import type { Integration, ReceiverKind, RenderText } from '../receivers/receiver.ts';
import { RECEIVER_KINDS } from '../receivers/receiver-kinds.ts';
import { createRenderer, type TemplateFile } from '../render/create-renderer.ts';
import { type AlertmanagerConfig, loadAlertmanagerConfig } from './alertmanager-config.ts';
import type { ConfigFolder } from './config-folder.ts';
import { toShownConfig } from './shown-config.ts';

export const ALERTMANAGER_FILE = 'alertmanager.yml';

export interface AlertingSetup {
  readonly config: AlertmanagerConfig;
  readonly render: RenderText;
  /** The file without its secrets. */
  readonly shown: string;
  /** Undefined when the configuration has no such integration (any more). */
  integrationOf(place: Pick<NotifyJob, 'receiver' | 'kind' | 'index'>): Integration | undefined;
}

export interface SetupOptions {
  readonly references: ReferenceSource;
  /** Guarded: see `http/guarded-fetch`. */
  readonly fetch: GuardedFetch;
  readonly random: () => number;
  readonly kinds?: readonly ReceiverKind[];
}

export interface LoadedSetup {
  /** Undefined when there are errors. */
  readonly setup: AlertingSetup | undefined;
  readonly problems: readonly Problem[];
}

export function loadAlertingSetup(
  source: string,
  folder: ConfigFolder,
  { references, fetch, random, kinds = RECEIVER_KINDS }: SetupOptions,
): LoadedSetup {
  const { value: config, problems } = loadAlertmanagerConfig(source, {
    file: ALERTMANAGER_FILE,
    references,
    kinds,
    readFile: (path) => {
      const text = folder.read(path);
      if (text === undefined) throw new Error('there is no such file');
      return text;
    },
  });
  if (config === undefined) return { setup: undefined, problems };
  const templates = loadTemplates(config, folder);
  const all = [...problems, ...templates.problems];
  const { render } = templates;
  if (render === undefined || hasErrors(all)) return { setup: undefined, problems: all };
  const integrations = new Map<string, Integration>();
  for (const receiver of config.receivers.values()) {
    for (const { kind, index, config: settings } of receiver.integrations)
      integrations.set(
        keyOf({ receiver: receiver.name, kind: kind.name, index }),
        kind.create(settings, { fetch, random, render }),
      );
  }
  return {
    problems: all,
    setup: {
      config,
      render,
      shown: toShownConfig(source),
      integrationOf: (place) => integrations.get(keyOf(place)),
    },
  };
}

function loadTemplates(
  { templates }: AlertmanagerConfig,
  folder: ConfigFolder,
): { readonly render: RenderText | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const files: TemplateFile[] = [];
  for (const path of templates.flatMap((pattern) => folder.glob(pattern))) {
    const file = { name: path, source: folder.read(path) ?? '' };
    try {
      // On its own first, so that the message is at the file that is to blame.
      createRenderer([file]);
      files.push(file);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const { line, message } = error;
      problems.push({ file: path, line, column: 1, path: '', message, severity: 'error' });
    }
  }
  return { render: problems.length > 0 ? undefined : createRenderer(files), problems };
}

function keyOf({ receiver, kind, index }: Pick<NotifyJob, 'receiver' | 'kind' | 'index'>): string {
  return JSON.stringify([receiver, kind, index]);
}
