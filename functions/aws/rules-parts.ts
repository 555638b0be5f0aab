/** Rules as they were deployed, evaluated over the metrics of the cloud. */
import { ENV } from '@sluice/core/names';
import { readText } from '@sluice/core/settings';
import { createEvaluateRules } from '@sluice/delivery/rules/evaluate-rules';
import { createMimirEngines } from '@sluice/delivery/rules/mimir-engine';
import { reportAlerts } from '@sluice/delivery/rules/report-alerts';
import { createRuleSetWatch, type RuleSetWatch } from '@sluice/delivery/rules/rule-set';
import { createBurnAlertSource } from '@sluice/rules/slo/slo-set';
import { openAlertingTable, openDeployedConfig } from './alerting-parts.ts';
import type { EvaluationParts } from './evaluation-parts.ts';
import type { CloudProcess } from './process.ts';
import { readBackend } from './read-backend.ts';
import { readSecrets } from './read-secrets.ts';

export function openDeployedRules(process: Pick<CloudProcess, 'env' | 'logger'>): RuleSetWatch {
  const folder = openDeployedConfig(process);
  const generated = folder === undefined ? {} : { generated: createBurnAlertSource(folder) };
  const rules = createRuleSetWatch(folder, { logger: process.logger, ...generated });
  rules.refresh();
  return rules;
}

/** Answers the job of every minute. */
export async function createCloudEvaluation(
  process: CloudProcess,
  parts: EvaluationParts,
): Promise<() => Promise<void>> {
  const { env, clock } = process;
  const rules = openDeployedRules(process);
  const { stateOf } = openAlertingTable(process);
  const secrets = await readSecrets(env, [ENV.mimirAuth]);
  const mimir = readBackend({ env, secrets }, { url: ENV.mimirUrl, auth: ENV.mimirAuth });
  const externalUrl = readText(env, ENV.externalUrl) ?? '';
  return createEvaluateRules({
    ...process,
    ...parts,
    rules,
    readinessOf: (tenant) => parts.readinessOf(tenant, rules.current().settings.lagLimitMs),
    ...(mimir === undefined ? {} : { mimirOf: createMimirEngines(mimir, fetch) }),
    report: (tenant, reported) => reportAlerts(stateOf(tenant), reported, { clock }),
    externalUrl: () => externalUrl,
  });
}
