/** `/api/v1/slos`: objectives with their budgets and burn rates, one of them, and how its budget went. */
import type { TenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import { MAX_HISTORY_POINTS, readSloHistory } from '@sluice/rules/slo/ledger/slo-history';
import type { SloPlan } from '@sluice/rules/slo/ledger/slo-plan';
import { createSlotStore } from '@sluice/rules/slo/ledger/slot-store';
import { SLOT_MS } from '@sluice/rules/slo/ledger/slots';
import type { SloSet } from '@sluice/rules/slo/slo-set';
import { listSloViews } from '@sluice/rules/slo/slo-views';
import { Hono } from 'hono';
import { ApiError, answer } from '../prometheus/api-answer.ts';
import { type Parameters, readOptionalDuration, readTime } from '../prometheus/parameters.ts';
import { servePath } from '../prometheus/serve-path.ts';
import type { QueryEnv } from '../query-env.ts';

export interface SloRoutesOptions {
  /** As they are now. */
  readonly slos: () => Pick<SloSet, 'plans' | 'tenants'>;
  /** Where the ledger is. */
  readonly table: Table;
  readonly clock: Pick<Clock, 'nowMs'>;
}

interface Request {
  readonly tenant: TenantId;
  readonly plans: readonly SloPlan[];
  readonly parameters: Parameters;
  readonly id: string;
}

export function createSloRoutes({ slos, table, clock }: SloRoutesOptions): Hono<QueryEnv> {
  const list = async ({ tenant, plans, parameters }: Request): Promise<Response> => {
    const services = parameters.all('service');
    const wanted = plans.filter(({ slo }) => services.length === 0 || services.includes(slo.service));
    return answer({ slos: await listSloViews(wanted, { store: createSlotStore(table, { tenant }) }) });
  };
  const show = async ({ tenant, plans, id }: Request): Promise<Response> => {
    const views = await listSloViews([planOf(plans, id)], { store: createSlotStore(table, { tenant }) });
    return answer(views[0]);
  };
  const history = async ({ tenant, plans, parameters, id }: Request): Promise<Response> => {
    const plan = planOf(plans, id);
    const nowMs = clock.nowMs();
    const untilMs = timeOr(parameters, 'end', nowMs);
    const fromMs = timeOr(parameters, 'start', untilMs - plan.slo.periodMs);
    if (untilMs < fromMs) throw new ApiError('bad_data', 'end timestamp must not be before start time');
    const stepMs = readOptionalDuration(parameters, 'step') ?? defaultStep(untilMs - fromMs);
    if ((untilMs - fromMs) / Math.max(stepMs, SLOT_MS) > MAX_HISTORY_POINTS)
      throw new ApiError('bad_data', `more than ${MAX_HISTORY_POINTS} points: ask for a longer step`);
    const store = createSlotStore(table, { tenant });
    const points = await readSloHistory(plan, { fromMs, untilMs, stepMs }, { store });
    return answer({ id, objective: plan.slo.objective, points });
  };

  const app = new Hono<QueryEnv>();
  for (const [path, handle] of [
    ['/slos', list],
    ['/slos/:id', show],
    ['/slos/:id/history', history],
  ] as const) {
    servePath(app, path, {
      takesForms: false,
      handle(parameters, c) {
        const tenant = c.get('tenant');
        const { plans, tenants } = slos();
        const isTheirs = tenants.includes(tenant);
        return handle({ tenant, plans: isTheirs ? plans : [], parameters, id: c.req.param('id') ?? '' });
      },
    });
  }
  return app;
}

function planOf(plans: readonly SloPlan[], id: string): SloPlan {
  const plan = plans.find(({ slo }) => slo.id === id);
  if (plan === undefined)
    throw new ApiError(
      'not_found',
      `there is no SLO ${JSON.stringify(id)}; /api/v1/slos lists those there are`,
    );
  return plan;
}

function timeOr(parameters: Parameters, name: string, fallbackMs: number): number {
  return parameters.get(name) === '' ? fallbackMs : readTime(parameters, name);
}

const DEFAULT_POINTS = 240;

function defaultStep(spanMs: number): number {
  return Math.max(SLOT_MS, Math.ceil(spanMs / DEFAULT_POINTS / SLOT_MS) * SLOT_MS);
}
