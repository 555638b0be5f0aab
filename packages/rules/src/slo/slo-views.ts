/** SLOs as they are shown: those that are not computed, for whatever reason, are there as well and say why. */
import type { SloPlan } from './ledger/slo-plan.ts';
import type { SloState, SloStatus } from './ledger/slo-status.ts';
import type { SlotStore } from './ledger/slot-store.ts';

export type SloView =
  | SloStatus
  | {
      readonly id: string;
      readonly name: string;
      readonly service: string;
      readonly description: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly objective: number;
      /** `pending`: the ledger has not got to it yet. */
      readonly state: Extract<SloViewState, 'quarantine' | 'pending'>;
      /** Why it is not computed, with the remedy. */
      readonly reason: string;
    };

export type SloViewState = SloState | 'quarantine' | 'pending';

export async function listSloViews(
  plans: readonly SloPlan[],
  { store }: { readonly store: Pick<SlotStore, 'heads'> },
): Promise<readonly SloView[]> {
  const heads = new Map((await store.heads()).map((head) => [head.status.id, head]));
  return plans.map(({ slo, fingerprint }): SloView => {
    const { id, name, service, description, labels, objective, quarantine } = slo;
    const head = heads.get(id);
    if (quarantine === undefined && head?.fingerprint === fingerprint) return head.status;
    const about = { id, name, service, description, labels, objective };
    if (quarantine === undefined)
      return { ...about, state: 'pending', reason: 'it is computed with the next tick' };
    return {
      ...about,
      state: 'quarantine',
      reason: `its error query counts good events: ${quarantine}; correct it with "sluice slo fix"`,
    };
  });
}
