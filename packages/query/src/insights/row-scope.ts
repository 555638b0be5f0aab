/** Which slot of a row holds what: fields of the records as they are asked for, and columns that commands add. */
import type { Value } from './values.ts';

export type Row = Value[];

export interface RowScope {
  /** The query, for the places of errors. */
  readonly source: string;
  readonly nowMs: number;
  /** Slot of a column or, where there is none, of a field; asked once per name, at compile time. */
  slotOf(name: string): number;
  /** Slot of a column that an earlier command made, whatever its name looks like (`count()`). */
  columnOf(name: string): number | undefined;
  /** A new column. Of a name that is taken it hides the old one from here on. */
  addColumn(name: string, isTime: boolean): number;
  /** Another name for a slot. */
  alias(name: string, slot: number): void;
  /** Whether the values of the slot are times, in milliseconds. */
  isTime(slot: number): boolean;
  /** Every field that was asked for, with its slot. */
  readonly fields: ReadonlyMap<string, number>;
}

/** Fields that are of the event, not in its record. */
export const EVENT_FIELDS = ['@timestamp', '@ingestionTime', '@message', '@logStream', '@log'] as const;

export function createRowScope(source: string, nowMs: number): RowScope {
  const fields = new Map<string, number>();
  const columns = new Map<string, number>();
  const times = new Set<number>();
  let size = 0;
  const newSlot = (isTime: boolean): number => {
    if (isTime) times.add(size);
    size += 1;
    return size - 1;
  };
  return {
    source,
    nowMs,
    fields,
    slotOf(name) {
      const field = fieldName(name);
      const known = columns.get(name) ?? fields.get(field);
      if (known !== undefined) return known;
      const slot = newSlot(field === '@timestamp' || field === '@ingestionTime');
      fields.set(field, slot);
      return slot;
    },
    columnOf: (name) => columns.get(name),
    addColumn(name, isTime) {
      const slot = newSlot(isTime);
      columns.set(name, slot);
      return slot;
    },
    alias: (name, slot) => void columns.set(name, slot),
    isTime: (slot) => times.has(slot),
  };
}

/** AWS shows a JSON key that starts with `@` under a second `@`; both names are understood. */
function fieldName(name: string): string {
  return name.startsWith('@@') ? name.slice(1) : name;
}
