/** `SLUICE_REDACTION` over what the file says: on, off, or traces as well. */
import type { RedactionSettings } from '@sluice/redaction/settings';

export const REDACTION_MODES = ['on', 'off', 'all'] as const;
export type RedactionMode = (typeof REDACTION_MODES)[number];

/** Without a mode the file decides. */
export function withRedactionMode(
  settings: RedactionSettings,
  mode: RedactionMode | undefined,
): RedactionSettings {
  return {
    ...settings,
    ...(mode === undefined ? {} : { enabled: mode !== 'off' }),
    ...(mode === 'all' ? { signals: ['logs', 'traces'] } : {}),
  };
}
