/**
 * The ledger on the Table port: one item an SLO and UTC day, 288 slots in two columns, and one head with how far it goes. A day is written whole, so that a repeat overwrites and nothing is ever added;
 * the head moves on a condition, so that of two workers one gives way, and its slots are computed again.
 */
import { randomUUID } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Item, Table } from '@sluice/core/ports/table';
import { queryAll } from '@sluice/core/ports/table';
import { DAY_MS } from '../slo.ts';
import type { SloStatus } from './slo-status.ts';
import { emptySlots, endOf, type Interval, overwriteSlots, SLOT_MS, type Slots } from './slots.ts';

export interface LedgerHead {
  readonly fingerprint: string;
  /** Slots from here on are computed. */
  readonly fromMs: number;
  /** Up to here. */
  readonly throughMs: number;
  readonly status: SloStatus;
  /** Windows whose series were recorded last, so that those that end can be told so. */
  readonly recorded: readonly number[];
  /** Windows whose series ended with this status. */
  readonly ended: readonly number[];
}

export interface StoredHead {
  readonly head: LedgerHead;
  readonly version: string;
}

export interface SlotStore {
  head(id: string): Promise<StoredHead | undefined>;
  heads(): Promise<readonly LedgerHead[]>;
  /** Unknown where nothing is stored. */
  load(id: string, interval: Interval): Promise<Slots>;
  /** Overwrites the days that the interval touches by what `slots` has of them. */
  save(id: string, slots: Slots, changed: Interval): Promise<void>;
  /** Answers the new version; undefined when another writer came first. */
  saveHead(id: string, head: LedgerHead, before: string | undefined): Promise<string | undefined>;
  /** For an SLO that is no more; its slots expire by themselves. */
  dropHead(id: string): Promise<void>;
}

/** A year's quarters can be looked back at. */
const KEEP_DAYS = 400;
const SLOTS_PER_DAY = DAY_MS / SLOT_MS;

export function createSlotStore(table: Table, { tenant }: { readonly tenant: string }): SlotStore {
  const headPk = `slo#${tenant}`;
  const slotsPk = (id: string): string => `slo-slots#${tenant}#${id}`;
  const store: SlotStore = {
    async head(id) {
      const item = await table.get({ pk: headPk, sk: id }, { consistent: true });
      return item === undefined ? undefined : { head: toHead(item), version: String(item.version) };
    },
    async heads() {
      const found: LedgerHead[] = [];
      for await (const item of queryAll(table, { pk: headPk })) found.push(toHead(item));
      return found;
    },
    async load(id, interval) {
      const slots = emptySlots(interval);
      if (slots.total.length === 0) return slots;
      const pages = queryAll(table, {
        pk: slotsPk(id),
        from: dayOf(slots.startMs),
        to: dayOf(endOf(slots) - 1),
        consistent: true,
      });
      for await (const item of pages) overwriteSlots(slots, toSlots(item));
      return slots;
    },
    async save(id, slots, { fromMs, untilMs }) {
      for (let dayMs = Math.floor(fromMs / DAY_MS) * DAY_MS; dayMs < untilMs; dayMs += DAY_MS) {
        const day = emptySlots({ fromMs: dayMs, untilMs: dayMs + DAY_MS });
        if (slots.startMs > dayMs) {
          const item = await table.get({ pk: slotsPk(id), sk: dayOf(dayMs) }, { consistent: true });
          if (item !== undefined) overwriteSlots(day, toSlots(item));
        }
        overwriteSlots(day, slots);
        await table.put({
          pk: slotsPk(id),
          sk: dayOf(dayMs),
          startMs: dayMs,
          slots: encodeColumns(day),
          expiresAt: Math.floor(dayMs / 1000) + (KEEP_DAYS * DAY_MS) / 1000,
        });
      }
    },
    async saveHead(id, head, before) {
      const version = randomUUID();
      const outcome = await table.put(
        { pk: headPk, sk: id, version, head: JSON.stringify(head) },
        {
          condition:
            before === undefined
              ? { kind: 'absent' }
              : { kind: 'equals', attribute: 'version', value: before },
        },
      );
      return outcome === 'ok' ? version : undefined;
    },
    async dropHead(id) {
      await table.delete({ pk: headPk, sk: id });
    },
  };
  return store;
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function toHead({ head }: Item): LedgerHead {
  return JSON.parse(String(head)) as LedgerHead;
}

function toSlots({ startMs, slots }: Item): Slots {
  const columns = decodeColumns(slots);
  return {
    startMs: Number(startMs),
    bad: columns.subarray(0, SLOTS_PER_DAY),
    total: columns.subarray(SLOTS_PER_DAY),
  };
}

/** Little-endian doubles, deflated: most are small whole numbers or unknown, so that a day takes some 500 bytes. */
function encodeColumns({ bad, total }: Slots): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * SLOTS_PER_DAY * 8));
  for (let i = 0; i < SLOTS_PER_DAY; i++) {
    view.setFloat64(i * 8, bad[i]!, true);
    view.setFloat64((SLOTS_PER_DAY + i) * 8, total[i]!, true);
  }
  return deflateRawSync(new Uint8Array(view.buffer));
}

function decodeColumns(value: unknown): Float64Array {
  const bytes = value instanceof Uint8Array ? inflateRawSync(value) : new Uint8Array(0);
  if (bytes.length !== 2 * SLOTS_PER_DAY * 8) throw new TypeError('a day of the SLO ledger is not whole');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: 2 * SLOTS_PER_DAY }, (_, i) => view.getFloat64(i * 8, true));
}
