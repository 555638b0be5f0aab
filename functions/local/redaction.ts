/** What local mode takes out of telemetry before it stores it: as `sluice.yml` says, or the environment over it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { IngestDeps } from '@sluice/ingest/ingest-app';
import { parseRedactionFile } from '@sluice/ingest/redaction/parse-redaction-file';
import { createRequestRedactor } from '@sluice/ingest/redaction/redact-request';
import { withRedactionMode } from '@sluice/ingest/redaction/redaction-mode';
import { DEFAULT_REDACTION } from '@sluice/redaction/settings';

const FILE = 'sluice.yml';

/** @throws UsageError for a file that cannot be read as it should. */
export function createRedaction(
  { redaction: { mode, secret }, configDir }: Pick<LocalSettings, 'redaction' | 'configDir'>,
  selfMetrics: SelfMetrics,
): Pick<IngestDeps, 'redact'> {
  const path = configDir === undefined ? undefined : join(configDir, FILE);
  const hasFile = path !== undefined && existsSync(path);
  const settings = hasFile ? parseRedactionFile(readFileSync(path, 'utf8'), path) : DEFAULT_REDACTION;
  const redact = createRequestRedactor(withRedactionMode(settings, mode), {
    selfMetrics,
    ...(secret === undefined ? {} : { secret }),
  });
  return redact === undefined ? {} : { redact };
}
