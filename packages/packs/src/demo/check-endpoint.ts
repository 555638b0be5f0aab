/** Asks the endpoint once before the traffic starts, with an empty export request, which OTLP counts as a success. */
import { describeError, UsageError } from '@sluice/core/errors';

export interface EndpointCheck {
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
}

const TIMEOUT_MS = 5_000;

/** @throws UsageError that says what to do. */
export async function checkEndpoint(endpoint: string, { headers, fetch }: EndpointCheck): Promise<void> {
  const url = `${endpoint}/v1/traces`;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', ...headers },
      body: new Uint8Array(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.arrayBuffer();
  } catch (cause) {
    throw new UsageError(
      `nothing answers at ${endpoint} (${describeError(cause)}): start the pipeline with "npm start", or set SLUICE_URL`,
      { cause },
    );
  }
  if (response.status === 401 || response.status === 403) {
    throw new UsageError(`${endpoint} asks for a key (HTTP ${response.status}): put one into SLUICE_KEY`);
  }
  if (response.status === 404 || response.status === 405) {
    throw new UsageError(
      `${url} answered HTTP ${response.status}: is SLUICE_URL (or OTEL_EXPORTER_OTLP_ENDPOINT) an OTLP/HTTP endpoint, without /v1/traces?`,
    );
  }
}
