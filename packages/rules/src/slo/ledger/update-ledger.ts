/**
 * Brings one SLO's ledger up to a time: the slots since the last update and, since data may come late, some
 * before them; then its past, newest days first, so that the status is right soon and whole a little later.
 */
import { DAY_MS } from '../slo.ts';
import { type ComputeDeps, computeSlots } from './compute-slots.ts';
import { type SloPlan, wantedFrom } from './slo-plan.ts';
import { type SloStatus, toSloStatus } from './slo-status.ts';
import type { LedgerHead, SlotStore } from './slot-store.ts';
import { emptySlots, endOf, floorSlot, overwriteSlots, type Slots } from './slots.ts';

export interface UpdateDeps extends ComputeDeps {
  readonly store: SlotStore;
  readonly lateMs: number;
  /** Slots by SLO, so that a worker that lives on need not read them again. */
  readonly memory?: LedgerMemory;
}

export type LedgerMemory = Map<string, { readonly version: string; readonly slots: Slots }>;

export interface LedgerUpdate {
  readonly status: SloStatus;
  /** Windows that had series before and have none now. */
  readonly ended: readonly number[];
  /** False when the ledger is further already: there is nothing to record. */
  readonly isNew: boolean;
}

/** Of the past, in one update. */
const BACKFILL_MS = 3 * DAY_MS;

/** Undefined when another worker came first. @throws QueryError */
export async function updateLedger(
  plan: SloPlan,
  timeMs: number,
  deps: UpdateDeps,
): Promise<LedgerUpdate | undefined> {
  const { store, lateMs, memory } = deps;
  const { id } = plan.slo;
  const stored = await store.head(id);
  const before = stored?.head.fingerprint === plan.fingerprint ? stored.head : undefined;
  // Done before, perhaps by a worker that died before it could record what came of it.
  if (before !== undefined && before.throughMs >= timeMs)
    return { ...before, isNew: before.throughMs === timeMs };
  const fromMs = floorSlot(wantedFrom(plan, timeMs));
  const slots = emptySlots({ fromMs, untilMs: timeMs });
  if (before !== undefined) {
    const known = memory?.get(id);
    if (known?.version === stored?.version && known !== undefined && known.slots.startMs <= fromMs)
      overwriteSlots(slots, known.slots);
    else overwriteSlots(slots, await store.load(id, { fromMs, untilMs: timeMs }));
  }
  const span = spanOf(before, { fromMs, timeMs, lateMs });
  const parts = [await computeSlots(plan.sli, { fromMs: span.freshMs, untilMs: timeMs }, deps)];
  if (span.pastMs < span.knownMs)
    parts.push(await computeSlots(plan.sli, { fromMs: span.pastMs, untilMs: span.knownMs }, deps));
  for (const part of parts) overwriteSlots(slots, part);
  for (const part of parts) await store.save(id, slots, { fromMs: part.startMs, untilMs: endOf(part) });
  const status = toSloStatus(plan, slots, timeMs);
  const recorded = status.windows.flatMap(({ windowMs, errorRatio }) =>
    errorRatio === null ? [] : [windowMs],
  );
  const ended = (stored?.head.recorded ?? []).filter((windowMs) => !recorded.includes(windowMs));
  const head: LedgerHead = {
    fingerprint: plan.fingerprint,
    fromMs: span.pastMs,
    throughMs: timeMs,
    status,
    recorded,
    ended,
  };
  const version = await store.saveHead(id, head, stored?.version);
  if (version === undefined) return undefined;
  memory?.set(id, { version, slots });
  return { status, ended, isNew: true };
}

interface Span {
  /** From here on slots are computed, again or for the first time. */
  readonly freshMs: number;
  /** The past goes from here … */
  readonly pastMs: number;
  /** … to here; equal when there is nothing to be done. */
  readonly knownMs: number;
}

function spanOf(
  before: LedgerHead | undefined,
  { fromMs, timeMs, lateMs }: { readonly fromMs: number; readonly timeMs: number; readonly lateMs: number },
): Span {
  if (before === undefined) {
    const freshMs = Math.max(fromMs, floorSlot(timeMs - BACKFILL_MS));
    return { freshMs, pastMs: freshMs, knownMs: freshMs };
  }
  const freshMs = Math.max(fromMs, floorSlot(before.throughMs - lateMs));
  const knownMs = Math.min(Math.max(before.fromMs, fromMs), freshMs);
  return { freshMs, pastMs: Math.max(fromMs, knownMs - BACKFILL_MS), knownMs };
}
