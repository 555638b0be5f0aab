/** How destinations that several tenants share tell them apart. */
import { ENV, HEADER, LOG_FIELD } from './names.ts';
import { type Environment, readChoice } from './settings.ts';

/**
 * `shared`: not at all, which is right for one tenant, or for tenants that have no service in common.
 * `label`: metrics and log streams carry the label `sluice_tenant`. `org-id`: every request carries
 * `X-Scope-OrgID`, as Mimir, Loki and Tempo ask for when they run multi-tenant.
 */
export const TENANCIES = ['shared', 'label', 'org-id'] as const;
export type Tenancy = (typeof TENANCIES)[number];

export const TENANT_LABEL = LOG_FIELD.tenant;

/** @throws UsageError */
export function readTenancy(env: Environment): Tenancy {
  return readChoice(env, ENV.tenants, TENANCIES, 'shared');
}

/** Of a request for one tenant. */
export function tenantHeaders(tenancy: Tenancy, tenant: string): Readonly<Record<string, string>> {
  return tenancy === 'org-id' ? { [HEADER.scopeOrgId]: tenant } : {};
}
