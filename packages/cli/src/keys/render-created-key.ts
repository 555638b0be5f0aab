/** What is shown of a new key: the only time that its secret is. */
import { ENV } from '@sluice/core/names';
import type { CreatedKey } from '@sluice/platform/keys/key-store';
import type { Style } from '../terminal-text.ts';
import { safeText } from '../terminal-text.ts';
import { formatLimits, formatTime } from './describe-key.ts';

export function renderCreatedKey({ secret, key }: CreatedKey, style: Style): string {
  const { id, name, tenant, scopes, limits, expiresAtMs } = key;
  return `${style.bold(secret)}

  id       ${id}
  name     ${safeText(name)}
  tenant   ${tenant}
  scopes   ${scopes.join(', ')}
  expires  ${formatTime(expiresAtMs)}
  limits   ${formatLimits(limits)}

Keep the first line now: it is not stored and cannot be shown again. Programs take it as
${ENV.key}, OTel SDKs as OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${style.dim('<the key>')}".
`;
}
