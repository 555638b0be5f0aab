/**
 * What senders of remote write 1.0 said of their metric families, which they do in requests of their own.
 * It is remembered in this process only: without it, suffixes decide what is a counter.
 */
import type { PushedMetadata } from './decode-write-request.ts';

export interface FamilyMemory {
  note(tenant: string, families: ReadonlyMap<string, PushedMetadata>): void;
  /** By the name of a family, or of a series of it. */
  find(tenant: string, name: string): PushedMetadata | undefined;
}

const MAX_FAMILIES = 50_000;

export function createFamilyMemory(): FamilyMemory {
  const known = new Map<string, PushedMetadata>();
  const keyOf = (tenant: string, name: string): string => `${tenant}\n${name}`;
  return {
    note(tenant, families) {
      for (const [name, metadata] of families) {
        const key = keyOf(tenant, name);
        known.delete(key);
        known.set(key, metadata);
        if (known.size > MAX_FAMILIES) known.delete(known.keys().next().value!);
      }
    },
    // Some senders name a counter's family without its suffix, as OpenMetrics does.
    find: (tenant, name) =>
      known.get(keyOf(tenant, name)) ??
      (name.endsWith('_total') ? known.get(keyOf(tenant, name.slice(0, -6))) : undefined),
  };
}
