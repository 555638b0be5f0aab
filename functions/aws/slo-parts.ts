/** SLOs as they were deployed, their ledgers kept over the metrics of the cloud. */
import { createSloSetWatch, type SloSetWatch } from '@sluice/rules/slo/slo-set';
import { createUpdateSlos } from '@sluice/rules/slo/update-slos';
import manifest from '../../package.json' with { type: 'json' };
import { openDeployedConfig } from './alerting-parts.ts';
import type { EvaluationParts } from './evaluation-parts.ts';
import type { CloudProcess } from './process.ts';

export function openDeployedSlos(process: Pick<CloudProcess, 'env' | 'logger'>): SloSetWatch {
  const slos = createSloSetWatch(openDeployedConfig(process), { logger: process.logger });
  slos.refresh();
  return slos;
}

/** Brings the ledgers up to date and records their series; to be called before the rules that read them. */
export function createCloudSloUpdate(process: CloudProcess, parts: EvaluationParts): () => Promise<void> {
  const slos = openDeployedSlos(process);
  return createUpdateSlos({
    ...process,
    ...parts,
    slos,
    readyThroughMs: (tenant, nowMs) => parts.readinessOf(tenant, slos.current().lagLimitMs)(nowMs),
    version: manifest.version,
  });
}
