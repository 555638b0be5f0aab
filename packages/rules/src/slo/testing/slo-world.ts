/** An SLO over single events with its ledger in memory, for tests. */

import type { Table } from '@sluice/core/ports/table';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { createEngine } from '@sluice/promql/engine';
import type { ComputeDeps } from '../ledger/compute-slots.ts';
import { createSloPlan, type SloPlan } from '../ledger/slo-plan.ts';
import { createSlotStore, type SlotStore } from '../ledger/slot-store.ts';
import { loadSlos } from '../load-slos.ts';
import { parseSloSettings } from '../slo-settings.ts';
import { createEventStore, type EventStore } from './event-series.ts';

/** A Wednesday. */
export const WORLD_START_MS = Date.UTC(2026, 0, 14);

export const REQUESTS_SPEC = `
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99
    sli:
      events:
        error_query: sum(rate(requests_total{status=~"5.."}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting:
      name: ShopBurns
      page_alert: {labels: {severity: critical}}
`;

export interface SloWorld {
  readonly plan: SloPlan;
  readonly table: Table;
  readonly store: SlotStore;
  readonly events: EventStore;
  /** What a worker sees at a time. */
  depsAt(nowMs: number): ComputeDeps & { readonly store: SlotStore; readonly lateMs: number };
}

export function createSloWorld({
  spec = REQUESTS_SPEC,
  settings: settingsSource = '',
  lateMs = 900_000,
}: {
  readonly spec?: string;
  readonly settings?: string;
  readonly lateMs?: number;
} = {}): SloWorld {
  const settings = parseSloSettings(settingsSource, { file: 'sluice.yml' });
  const { groups, windows, problems } = loadSlos([{ file: 'slo/shop.yml', source: spec }], {
    settings: settings.value!,
  });
  if (groups === undefined) throw new Error(JSON.stringify(problems));
  const [group] = groups;
  const plan = createSloPlan(group!.slos[0]!, { kind: group!.kind, settings: settings.value!, windows });
  const clock = createFakeClock(WORLD_START_MS);
  const table = createEmbeddedTable({ database: createMemoryDatabase(), name: 'slos', clock });
  const store = createSlotStore(table, { tenant: 'default' });
  const events = createEventStore({ fromMs: WORLD_START_MS });
  const engine = createEngine({ clock });
  return {
    plan,
    table,
    store,
    events,
    depsAt: (nowMs) => ({ engine, reader: events.readerAt(nowMs), store, lateMs }),
  };
}
