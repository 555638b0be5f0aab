/**
 * Copies of audit checkpoints in a table of their own, to which no role may do anything but add: whoever can
 * rewrite the trail cannot rewrite what it was sealed as.
 */
import type { CheckpointCopies } from '@sluice/audit/upkeep/checkpoint-copies';
import { parseTenantId } from '@sluice/core/ids';
import type { Clock } from '@sluice/core/ports/clock';
import { queryAll, type Table } from '@sluice/core/ports/table';

/** Has one item for each tenant that was ever sealed. */
const TENANTS = 'tenants';
const NUMBER_DIGITS = 12;
/** Others append at the same time only when an environment outlived its time. */
const MAX_ROUNDS = 5;

export function createCheckpointTable(table: Table, clock: Pick<Clock, 'nowMs'>): CheckpointCopies {
  const partition = (tenant: string): string => `checkpoints#${tenant}`;
  const newest = async (tenant: string) => {
    const { items } = await table.query({
      pk: partition(tenant),
      reverse: true,
      limit: 1,
      consistent: true,
    });
    return items[0];
  };
  return {
    async append(tenant, note) {
      await table.put({ pk: TENANTS, sk: tenant }, { condition: { kind: 'absent' } });
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const last = await newest(tenant);
        if (last?.note === note) return;
        const sk = String(Number(last?.sk ?? 0) + 1).padStart(NUMBER_DIGITS, '0');
        const item = { pk: partition(tenant), sk, note, atMs: clock.nowMs() };
        if ((await table.put(item, { condition: { kind: 'absent' } })) === 'ok') return;
      }
      throw new Error(`the checkpoint of ${tenant} could not be copied: others write at the same time`);
    },
    async last(tenant) {
      const item = await newest(tenant);
      return item === undefined ? undefined : String(item.note);
    },
    async notes(tenant) {
      const notes: string[] = [];
      for await (const { note } of queryAll(table, { pk: partition(tenant) })) notes.push(String(note));
      return notes;
    },
    async tenants() {
      const found = [];
      for await (const { sk } of queryAll(table, { pk: TENANTS })) found.push(parseTenantId(sk));
      return found;
    },
  };
}
