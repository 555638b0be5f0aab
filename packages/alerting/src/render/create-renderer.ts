/** Expands the texts of a configuration over notifications, with the default templates and those of its files. */
import { alertmanagerFunctions } from '@sluice/templates/alertmanager-functions';
import { createTemplateSet } from '@sluice/templates/template-set';
import type { RenderText } from '../receivers/receiver.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import { toTemplateData } from './template-data.ts';

export interface TemplateFile {
  readonly name: string;
  readonly source: string;
}

/** @throws TemplateError when a file cannot be parsed */
export function createRenderer(files: readonly TemplateFile[] = []): RenderText {
  const set = createTemplateSet({
    functions: alertmanagerFunctions({ nowMs: 0 }),
    // Later definitions replace earlier ones, so that files may override the defaults.
    files: [...DEFAULT_TEMPLATES, ...files],
    maxCached: 1_000,
  });
  return (template, notification, { html = false } = {}) =>
    set.render(template, toTemplateData(notification), {
      html,
      functions: alertmanagerFunctions({ nowMs: notification.nowMs }),
    });
}
