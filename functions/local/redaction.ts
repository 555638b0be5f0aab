/** What local mode takes out of telemetry before it stores it: what the defaults say, unless it is switched off. */
import type { LocalSettings } from '@sluice/core/local-settings';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { IngestDeps } from '@sluice/ingest/ingest-app';
import { createRequestRedactor } from '@sluice/ingest/redaction/redact-request';
import { DEFAULT_REDACTION } from '@sluice/redaction/settings';

export function createRedaction(
  { redaction: { mode, secret } }: Pick<LocalSettings, 'redaction'>,
  selfMetrics: SelfMetrics,
): Pick<IngestDeps, 'redact'> {
  const redact = createRequestRedactor(
    {
      ...DEFAULT_REDACTION,
      enabled: mode !== 'off',
      ...(mode === 'all' ? { signals: ['logs', 'traces'] } : {}),
    },
    { selfMetrics, ...(secret === undefined ? {} : { secret }) },
  );
  return redact === undefined ? {} : { redact };
}
