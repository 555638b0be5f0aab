/** What ingest takes out of telemetry: as the `sluice.yml` that was deployed says, or the environment over it. */
import { CLOUD_ENV, ENV } from '@sluice/core/names';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import { readChoice, readText } from '@sluice/core/settings';
import type { IngestDeps } from '@sluice/ingest/ingest-app';
import { createRequestRedactor } from '@sluice/ingest/redaction/redact-request';
import { REDACTION_MODES, withRedactionMode } from '@sluice/ingest/redaction/redaction-mode';
import { DEFAULT_REDACTION, type RedactionSettings } from '@sluice/redaction/settings';
import type { BackendSource } from './read-backend.ts';

/** Asked for where it is needed: as a module it would cost every cold start 3 ms. */
const readFile = (file: string): string => process.getBuiltinModule('node:fs').readFileSync(file, 'utf8');

/** @throws UsageError when pseudonyms are asked for without a secret */
export function createCloudRedaction(
  { env, secrets }: BackendSource,
  selfMetrics: SelfMetrics,
): Pick<IngestDeps, 'redact'> {
  const file = readText(env, CLOUD_ENV.redactionFile);
  // Checked when it was deployed: infra/redaction.ts writes what it has parsed.
  const settings = file === undefined ? DEFAULT_REDACTION : (JSON.parse(readFile(file)) as RedactionSettings);
  const isSet = readText(env, ENV.redaction) !== undefined;
  const mode = isSet ? readChoice(env, ENV.redaction, REDACTION_MODES, 'on') : undefined;
  const secret = readText(secrets, ENV.redactionSecret);
  const redact = createRequestRedactor(withRedactionMode(settings, mode), {
    selfMetrics,
    ...(secret === undefined ? {} : { secret }),
  });
  return redact === undefined ? {} : { redact };
}
