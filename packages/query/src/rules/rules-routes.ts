/** Prometheus' `/api/v1/rules` and `/api/v1/alerts`: the rules of a tenant with their state, as rule tools and Grafana ask for them. */
import type { TenantId } from '@sluice/core/ids';
import type { Table } from '@sluice/core/ports/table';
import type { RuleFile } from '@sluice/rules/rule-file';
import type { RulesSettings } from '@sluice/rules/rules-settings';
import { createGroupStore, type GroupState, groupIdOf } from '@sluice/rules/state/group-store';
import { Hono } from 'hono';
import { answer } from '../prometheus/api-answer.ts';
import type { Parameters } from '../prometheus/parameters.ts';
import { servePath } from '../prometheus/serve-path.ts';
import type { QueryEnv } from '../query-env.ts';
import { renderActiveAlerts, renderGroup } from './render-rules.ts';
import { pageOfGroups, readRuleFilter } from './rule-filter.ts';

export interface RulesRoutesOptions {
  /** As they are now. */
  readonly rules: () => { readonly files: readonly RuleFile[]; readonly settings: RulesSettings };
  /** Where groups keep their state. */
  readonly table: Table;
}

export function createRulesRoutes({ rules, table }: RulesRoutesOptions): Hono<QueryEnv> {
  const statesOf = async (tenant: TenantId): Promise<ReadonlyMap<string, GroupState>> => {
    const stored = await createGroupStore(table, { tenant }).list();
    return new Map(stored.map(({ state }) => [groupIdOf(state), state]));
  };
  const filesOf = (tenant: TenantId): readonly RuleFile[] => {
    const { files, settings } = rules();
    return settings.tenants.includes(tenant) ? files : [];
  };
  const listRules = async (parameters: Parameters, tenant: TenantId): Promise<Response> => {
    const filter = readRuleFilter(parameters);
    const states = await statesOf(tenant);
    const { settings } = rules();
    const groups = filesOf(tenant)
      .flatMap((file) => file.groups)
      .filter((group) => filter.takesGroup(group))
      .flatMap((group) => {
        const rendered = renderGroup(group, states.get(groupIdOf(group)), { settings, filter });
        return rendered.rules.length > 0 || filter.takesEmptyGroups ? [{ group, rendered }] : [];
      });
    const page = pageOfGroups(groups, parameters);
    return answer({
      groups: page.groups.map(({ rendered }) => rendered),
      ...(page.nextToken === undefined ? {} : { groupNextToken: page.nextToken }),
    });
  };
  const listAlerts = async (_: Parameters, tenant: TenantId): Promise<Response> => {
    const states = await statesOf(tenant);
    const alerts = filesOf(tenant).flatMap(({ groups }) =>
      groups.flatMap((group) => renderActiveAlerts(states.get(groupIdOf(group)))),
    );
    return answer({ alerts });
  };

  const app = new Hono<QueryEnv>();
  for (const [path, list] of [
    ['/rules', listRules],
    ['/alerts', listAlerts],
  ] as const) {
    servePath(app, path, {
      takesForms: false,
      handle: (parameters, c) => list(parameters, c.get('tenant')),
    });
  }
  return app;
}
