/** A file of SLO specs: documents of any of the kinds, in any mixture. */
import type { ConfigNode } from '@sluice/config/config-node';
import { parseYaml } from '@sluice/config/parse-yaml';
import type { Problem } from '@sluice/config/problem';
import type { SloGroup } from '../slo.ts';
import { type AlertWindows, parseAlertWindows } from './alert-windows.ts';
import { parseOpenSlo } from './parse-openslo.ts';
import { parseKubernetesSpec, parsePrometheusSpec, type SpecOptions } from './parse-sloth-spec.ts';

export interface SloFile {
  readonly groups: readonly SloGroup[];
  readonly windows: readonly AlertWindows[];
  /** With line and column; groups of a file with errors are not to be used. */
  readonly problems: readonly Problem[];
}

export function parseSloFile(source: string, options: SpecOptions): SloFile {
  const { file } = options;
  const { documents, problems } = parseYaml(source, { file });
  const groups: SloGroup[] = [];
  const windows: AlertWindows[] = [];
  for (const node of documents) {
    const kind = kindOf(node);
    if (kind === 'windows') {
      const found = parseAlertWindows(node);
      if (found !== undefined) windows.push(found);
      continue;
    }
    const group = kind?.(node, options);
    if (group !== undefined) groups.push(group);
  }
  if (documents.length === 0 && problems.length === 0)
    problems.push({
      file,
      line: 1,
      column: 1,
      path: '',
      message: 'there is no spec in it',
      severity: 'error',
    });
  return { groups, windows, problems };
}

type Parse = (node: ConfigNode, options: SpecOptions) => SloGroup | undefined;

function kindOf(node: ConfigNode): Parse | 'windows' | undefined {
  const textOf = (key: string): string => node.entries.find((entry) => entry.key === key)?.value.source ?? '';
  const kind = `${textOf('apiVersion')} ${textOf('kind')}`;
  if (textOf('version') === 'prometheus/v1') return parsePrometheusSpec;
  if (kind === 'sloth.slok.dev/v1 PrometheusServiceLevel') return parseKubernetesSpec;
  if (kind === 'sloth.slok.dev/v1 AlertWindows') return 'windows';
  if (kind === 'openslo/v1alpha SLO') return parseOpenSlo;
  node.report(
    'not a kind of spec that is known: want "version: prometheus/v1", or apiVersion and kind of sloth.slok.dev/v1 PrometheusServiceLevel or AlertWindows, or of openslo/v1alpha SLO',
  );
  return undefined;
}
