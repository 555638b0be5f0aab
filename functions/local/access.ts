/**
 * Who may send and who may read in local mode. On loopback no key is needed, but one that is presented
 * must be good; on any other address every request needs one.
 */
import { UsageError } from '@sluice/core/errors';
import { parseTenantId } from '@sluice/core/ids';
import { isLoopbackHost, type LocalSettings } from '@sluice/core/local-settings';
import { DEFAULT_TENANT, ENV } from '@sluice/core/names';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import { readCredential } from '@sluice/ingest/credentials';
import type { IngestDeps } from '@sluice/ingest/ingest-app';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { createKeyVerifier } from '@sluice/platform/keys/key-verifier';
import { createRateLimiter } from '@sluice/platform/limits/rate-limiter';
import { hasForeignHost, hasForeignOrigin } from '@sluice/query/foreign-page';
import type { QueryAppOptions } from '@sluice/query/query-app';

export interface Access {
  readonly ingest: Required<Pick<IngestDeps, 'keys' | 'keyRequired' | 'limiter'>>;
  readonly authorize: QueryAppOptions['authorize'];
  /** Writes what the limits have counted. */
  flush(): Promise<void>;
}

export interface AccessOptions {
  readonly host: LocalSettings['host'];
  readonly table: Table;
  readonly clock: Clock;
}

/** Keys are in a file beside the pipeline: looking again costs little, and a revoked one is refused at once. */
const KEY_TTL = { positiveTtlMs: 1000, negativeTtlMs: 1000 };

/** @throws UsageError for an address beyond loopback while no key could open it. */
export async function createAccess({ host, table, clock }: AccessOptions): Promise<Access> {
  const keyRequired = !isLoopbackHost(host);
  if (keyRequired) await requireSomeKey({ host, table, clock });
  const verifier = createKeyVerifier({ table, clock, ...KEY_TTL });
  const limiter = createRateLimiter({ table, clock });

  return {
    ingest: { keys: verifier, keyRequired, limiter },
    async authorize(request, scope) {
      const credential = readCredential(request.headers);
      if (credential.kind === 'none' && !keyRequired) {
        if (isForeignPage(request)) return { status: 'refused', httpStatus: 403, message: FOREIGN_PAGE };
        return { status: 'ok', tenant: parseTenantId(DEFAULT_TENANT) };
      }
      if (credential.kind === 'unreadable') {
        return { status: 'refused', httpStatus: 401, message: credential.message };
      }
      const secret = credential.kind === 'key' ? credential.secret : undefined;
      const verdict = await verifier.verify(secret, scope);
      return verdict.status === 'ok'
        ? { status: 'ok', tenant: verdict.key.tenant, keyId: verdict.key.id }
        : { status: 'refused', httpStatus: verdict.httpStatus, message: verdict.message };
    },
    flush: limiter.flush,
  };
}

const FOREIGN_PAGE =
  'without a key the APIs are open to programs of this machine alone, not to pages of other origins; send a key';

/** Reading across origins fails by itself, for want of CORS headers; what may change something is refused. */
function isForeignPage(request: Request): boolean {
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  return hasForeignHost(request) || (!isReading && hasForeignOrigin(request));
}

async function requireSomeKey({ host, table, clock }: AccessOptions): Promise<void> {
  const keys = await createKeyStore({ table, clock }).list();
  const nowMs = clock.nowMs();
  const usable = keys.filter(
    ({ revokedAtMs, expiresAtMs = Number.POSITIVE_INFINITY }) =>
      revokedAtMs === undefined && expiresAtMs > nowMs,
  );
  if (usable.length > 0) return;
  throw new UsageError(
    `${ENV.host}=${host} can be reached from other machines, and no API key is set up: create one with "npx sluice keys create", or listen on 127.0.0.1`,
  );
}
