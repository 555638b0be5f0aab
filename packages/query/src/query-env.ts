/**
 * What every read route finds in its Hono context: `c.get('tenant')`. The query app sets it from the
 * API key (or to the default tenant in keyless local mode) before any route runs.
 */
import type { TenantId } from '@sluice/core/ids';

export interface QueryEnv {
  Variables: { tenant: TenantId };
}
