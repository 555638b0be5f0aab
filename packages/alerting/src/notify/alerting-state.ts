/** The records of one tenant's alerts, and what the outside may do with them. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@sluice/core/ports/clock';
import type { Table } from '@sluice/core/ports/table';
import { type Alert, mergeAlerts, type PostedAlert, receiveAlert } from '../model/alert.ts';
import { canUpdate, faultOfSilence, type Silence, silenceState } from '../mute/silence.ts';
import type { GroupState } from './group-state.ts';
import type { LogEntry } from './notification-log.ts';
import { createRecordStore, type RecordStore, updateRecord } from './records.ts';

export interface AlertingState {
  readonly tenant: string;
  readonly alerts: RecordStore<Alert>;
  readonly groups: RecordStore<GroupState>;
  readonly log: RecordStore<LogEntry>;
  readonly silences: RecordStore<Silence>;
  /** Puts the tenant on the list of those that ticks visit. */
  noteTenant(): Promise<void>;
}

export function openAlertingState(table: Table, tenant: string): AlertingState {
  return {
    tenant,
    alerts: createRecordStore<Alert>(table, { tenant, kind: 'alerts' }),
    groups: createRecordStore<GroupState>(table, { tenant, kind: 'groups' }),
    log: createRecordStore<LogEntry>(table, { tenant, kind: 'log' }),
    silences: createRecordStore<Silence>(table, { tenant, kind: 'silences' }),
    noteTenant: once(async () => {
      await updateRecord(tenantsOf(table), tenant, (known) =>
        known === undefined ? { value: {} } : undefined,
      );
    }),
  };
}

/** Tenants that ever posted an alert. */
export async function listAlertingTenants(table: Table): Promise<readonly string[]> {
  return (await tenantsOf(table).all()).map(({ key }) => key);
}

function tenantsOf(table: Table): RecordStore<Readonly<Record<string, never>>> {
  return createRecordStore(table, { tenant: '', kind: 'tenants' });
}

/** Work that is done when it has succeeded once. */
function once(work: () => Promise<void>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    await work();
    isDone = true;
  };
}

/** Alerts whose groups never told anybody are forgotten after so long. */
const FORGET_RESOLVED_AFTER_MS = 24 * 3_600_000;
/** Alertmanager's default retention of silences that have expired. */
const KEEP_SILENCES_MS = 120 * 3_600_000;

/** Takes reports of alerts; a repeat of a report changes nothing. */
export async function postAlerts(
  state: AlertingState,
  posted: readonly PostedAlert[],
  options: { readonly nowMs: number; readonly resolveTimeoutMs: number },
): Promise<void> {
  if (posted.length > 0) await state.noteTenant();
  for (const report of posted) {
    const alert = receiveAlert(report, options);
    await updateRecord(state.alerts, alert.fingerprint, (stored) => {
      const value = stored === undefined ? alert : mergeAlerts(stored, alert);
      return { value, expiresAtMs: value.endsAtMs + FORGET_RESOLVED_AFTER_MS };
    });
  }
}

export class InvalidSilenceError extends Error {
  override readonly name = 'InvalidSilenceError';
}

/**
 * Keeps a silence and answers its id: the given one when the change may be made in place, otherwise a new one
 * (and the old one expires).
 * @throws InvalidSilenceError when it cannot be kept or the id is not known
 */
export async function putSilence(
  state: AlertingState,
  { id, ...given }: Omit<Silence, 'id' | 'updatedAtMs'> & { readonly id?: string },
  { clock }: { readonly clock: Clock },
): Promise<string> {
  const nowMs = clock.nowMs();
  const fault = faultOfSilence(given, nowMs);
  if (fault !== undefined) throw new InvalidSilenceError(`silence invalid: ${fault}`);
  if (id !== undefined && id !== '') {
    const before = await state.silences.get(id);
    if (before === undefined) throw new InvalidSilenceError(`silence ${id} not found`);
    if (canUpdate(before.value, given, nowMs)) {
      await saveSilence(state, { ...given, id, updatedAtMs: nowMs });
      return id;
    }
    if (silenceState(before.value, nowMs) !== 'expired') await expireSilence(state, id, { clock });
  }
  const fresh = randomUUID();
  const startsAtMs = Math.max(given.startsAtMs, nowMs);
  await saveSilence(state, { ...given, startsAtMs, id: fresh, updatedAtMs: nowMs });
  return fresh;
}

/** Ends a silence now. @throws InvalidSilenceError when there is none or it has ended */
export async function expireSilence(
  state: AlertingState,
  id: string,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const nowMs = clock.nowMs();
  const stored = await state.silences.get(id);
  if (stored === undefined) throw new InvalidSilenceError(`silence ${id} not found`);
  if (silenceState(stored.value, nowMs) === 'expired')
    throw new InvalidSilenceError(`silence ${id} already expired`);
  const startsAtMs = Math.min(stored.value.startsAtMs, nowMs);
  await saveSilence(state, { ...stored.value, startsAtMs, endsAtMs: nowMs, updatedAtMs: nowMs });
}

async function saveSilence({ silences }: AlertingState, silence: Silence): Promise<void> {
  await updateRecord(silences, silence.id, () => ({
    value: silence,
    expiresAtMs: silence.endsAtMs + KEEP_SILENCES_MS,
  }));
}
