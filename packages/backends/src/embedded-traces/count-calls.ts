/** Calls between services: for every span whose parent belongs to another service, one call. */
import type { ServiceDependency, TimeRange } from '../trace-reader.ts';
import { exactNs, idKey, scanSpans } from './scan-spans.ts';
import { serviceNameOf } from './service-name.ts';

export interface CallCounter {
  /** Answers the spans that were in the range. */
  add(raw: Uint8Array, range: TimeRange): number;
  finish(): readonly ServiceDependency[];
}

/** Parents and children may come in any order and in different batches. */
export function createCallCounter(): CallCounter {
  const serviceOfSpan = new Map<number, string>();
  /** By child service: the keys of the spans that it was called from. */
  const parentsOf = new Map<string, number[]>();

  return {
    add(raw, { startNs = 0n, endNs }) {
      let service = '';
      let count = 0;
      scanSpans(raw, {
        resource(resource) {
          service = serviceNameOf(raw, resource);
        },
        span(span) {
          const start = exactNs(span, span.startTimeAt);
          if (span.spanIdAt < 0 || start < startNs || (endNs !== undefined && start > endNs)) return;
          const key = idKey(span.view, span.spanIdAt + 8);
          count++;
          if (serviceOfSpan.has(key)) return;
          serviceOfSpan.set(key, service);
          if (span.parentIdAt < 0) return;
          const parents = parentsOf.get(service) ?? [];
          parents.push(idKey(span.view, span.parentIdAt + 8));
          parentsOf.set(service, parents);
        },
      });
      return count;
    },
    finish() {
      const links: ServiceDependency[] = [];
      for (const [child, parents] of parentsOf) {
        const calls = new Map<string, number>();
        for (const key of parents) {
          const parent = serviceOfSpan.get(key);
          if (parent !== undefined && parent !== child) calls.set(parent, (calls.get(parent) ?? 0) + 1);
        }
        for (const [parent, callCount] of calls) links.push({ parent, child, callCount });
      }
      return links.sort((a, b) => compare(a.parent, b.parent) || compare(a.child, b.child));
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
