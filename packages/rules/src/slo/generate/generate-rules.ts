/** An SLO into the three groups of rules that Sloth makes of it. */

import { windowsFor } from '../load-slos.ts';
import type { Slo, SloGroup, SpecKind } from '../slo.ts';
import type { AlertWindows, WindowCatalogue } from '../spec/alert-windows.ts';
import { burnAlertRules } from './burn-alert-rules.ts';
import { metadataRules } from './metadata-rules.ts';
import type { RuleGroupDocument } from './rule-document.ts';
import { sliRules } from './sli-rules.ts';
import { SLOTH_GROUP } from './sloth-names.ts';

export interface GenerateOptions {
  readonly windows: WindowCatalogue;
  /** For the label `sloth_version`. */
  readonly version: string;
  readonly extraLabels?: Readonly<Record<string, string>>;
  readonly hasRecordings?: boolean;
  readonly hasAlerts?: boolean;
}

/** As Sloth's command line says it. */
export const GENERATOR_MODE: Readonly<Record<SpecKind, string>> = {
  'prometheus/v1': 'cli-gen-prom',
  'sloth.slok.dev/v1': 'cli-gen-k8s',
  'openslo/v1alpha': 'cli-gen-openslo',
};

/** Groups without rules are left out, and SLOs in quarantine. */
export function generateGroup(group: SloGroup, options: GenerateOptions): readonly RuleGroupDocument[] {
  const { windows, version, extraLabels = {}, hasRecordings = true, hasAlerts = true } = options;
  const info = { version, mode: GENERATOR_MODE[group.kind], spec: group.kind };
  return group.slos
    .filter(({ quarantine }) => quarantine === undefined)
    .flatMap((given) => {
      const slo: Slo = { ...given, labels: { ...given.labels, ...extraLabels } };
      const own: AlertWindows = windowsFor(slo, windows)!;
      return [
        { name: `${SLOTH_GROUP.sli}${slo.id}`, rules: hasRecordings ? sliRules(slo, own) : [] },
        {
          name: `${SLOTH_GROUP.metadata}${slo.id}`,
          rules: hasRecordings ? metadataRules(slo, own, info) : [],
        },
        { name: `${SLOTH_GROUP.alerts}${slo.id}`, rules: hasAlerts ? burnAlertRules(slo, own) : [] },
      ];
    })
    .filter(({ rules }) => rules.length > 0);
}
