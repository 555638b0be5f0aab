/**
 * What every read route finds in its Hono context: `c.get('tenant')` and `c.get('reader')`. The query app sets
 * both from the API key (or to the default tenant in keyless local mode) before any route runs.
 */
import type { TenantId } from '@sluice/core/ids';

export interface QueryEnv {
  Variables: {
    tenant: TenantId;
    /** Who reads, for the audit trail: `key <id>`, or `anonymous`. */
    reader: string;
  };
}
