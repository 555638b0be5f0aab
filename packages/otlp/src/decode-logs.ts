import type { ResourceLogs } from './model.ts';
/** @throws OtlpFormatError on malformed bytes. */
export function decodeLogs(_bytes: Uint8Array): readonly ResourceLogs[] {
  throw new Error('under construction');
}
