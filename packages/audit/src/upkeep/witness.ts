/** A witness by webhook: gets every checkpoint as a signed note, in plain text, and so can show later what was sealed when. */
import type { TenantId } from '@sluice/core/ids';

export interface WitnessOptions {
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
}

const TIMEOUT_MS = 5000;

/** @throws (retryable) for every answer that is not a success. */
export function createWitness({
  url,
  fetch,
}: WitnessOptions): (tenant: TenantId, note: string) => Promise<void> {
  return async (_, note) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: note,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the witness answered ${response.status}`);
  };
}
