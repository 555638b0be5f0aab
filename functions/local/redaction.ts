/** What local mode takes out of telemetry before it stores it: as `sluice.yml` says, or the environment over it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '@sluice/config/parse-yaml';
import { UsageError } from '@sluice/core/errors';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { SelfMetrics } from '@sluice/core/self-metrics';
import type { IngestDeps } from '@sluice/ingest/ingest-app';
import { createRequestRedactor } from '@sluice/ingest/redaction/redact-request';
import { parseRedactionSettings, type RedactionSettings } from '@sluice/redaction/settings';

const FILE = 'sluice.yml';

/** @throws UsageError for a file that cannot be read as it should. */
export function createRedaction(
  { redaction: { mode, secret }, configDir }: Pick<LocalSettings, 'redaction' | 'configDir'>,
  selfMetrics: SelfMetrics,
): Pick<IngestDeps, 'redact'> {
  const file: RedactionSettings = readSection(configDir === undefined ? undefined : join(configDir, FILE));
  const redact = createRequestRedactor(
    {
      ...file,
      ...(mode === undefined ? {} : { enabled: mode !== 'off' }),
      ...(mode === 'all' ? { signals: ['logs', 'traces'] } : {}),
    },
    { selfMetrics, ...(secret === undefined ? {} : { secret }) },
  );
  return redact === undefined ? {} : { redact };
}

function readSection(file: string | undefined): RedactionSettings {
  if (file === undefined || !existsSync(file)) return parseRedactionSettings(undefined);
  const { documents, problems } = parseYaml(readFileSync(file, 'utf8'), { file });
  const [problem] = problems;
  if (problem !== undefined)
    throw new UsageError(`${file}:${problem.line}:${problem.column}: ${problem.message}`);
  const plain = documents[0]?.toPlain() as { readonly redaction?: unknown } | null | undefined;
  return parseRedactionSettings(plain?.redaction, `${file}: redaction`);
}
