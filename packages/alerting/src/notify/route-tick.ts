/**
 * One tick of routing: groups that are due are flushed, and what has to be said is claimed and queued.
 * Any number of workers may run it at once, and it may die anywhere: a group's state changes in one conditional
 * write, and a claim whose job never arrives runs out and is made again.
 */
import { randomUUID } from 'node:crypto';
import { ATTRIBUTE } from '@sluice/core/names';
import type { Queue } from '@sluice/core/ports/queue';
import type { AlertmanagerConfig } from '../config/alertmanager-config.ts';
import { type Alert, isResolved } from '../model/alert.ts';
import { compareAlertLabels } from '../model/label-set.ts';
import { createMuteState, type MuteState } from '../mute/mute-state.ts';
import type { AlertingState } from './alerting-state.ts';
import {
  type AlertGroup,
  firstFlushMs,
  followingFlushMs,
  type GroupState,
  groupAlerts,
  isMember,
} from './group-state.ts';
import {
  type AlertSets,
  decideNotification,
  EMPTY_ENTRY,
  hashContent,
  isClaimed,
  isUncertain,
  LEASE_MS,
  type LogEntry,
  logKey,
  nextSequence,
} from './notification-log.ts';
import { encodeJob } from './notify-job.ts';
import type { Stored } from './records.ts';
import { toNotified } from './to-notified.ts';
import { endAcknowledgements, forgetSettledAlerts } from './upkeep.ts';

export interface RouteTickDeps {
  readonly state: AlertingState;
  readonly config: AlertmanagerConfig;
  readonly queue: Queue;
  readonly nowMs: number;
}

export interface RouteTickResult {
  readonly groups: number;
  readonly flushed: number;
  readonly notificationsQueued: number;
}

/** Alertmanager gives a notification at least so long, however short the group interval is. */
const MIN_DEADLINE_MS = 10_000;
/** How long the log remembers a group that has gone: twice the repeat interval, as Alertmanager does, and a day at least. */
const MIN_LOG_RETENTION_MS = 86_400_000;
const MAX_TRACE_LINES = 50;

export async function runRouteTick(deps: RouteTickDeps): Promise<RouteTickResult> {
  const { state, config, nowMs } = deps;
  const [alerts, groups, log, silences] = await Promise.all([
    state.alerts.all(),
    state.groups.all(),
    state.log.all(),
    state.silences.all(),
  ]);
  const known = alerts.map(({ value }) => value);
  const mutes = createMuteState(config, {
    alerts: known,
    silences: silences.map(({ value }) => value),
    nowMs,
  });
  const tick = new RouteTick(deps, { mutes, groups, log });
  const found = groupAlerts(config.route, known);
  const faults: unknown[] = [];
  for (const group of found.values())
    await tick.visit(group).catch((fault: unknown) => void faults.push(fault));
  await tick.forgetGroupsBut(found);
  await forgetSettledAlerts(deps, { alerts, found, states: tick.states });
  await endAcknowledgements(deps, { alerts: known, silences: silences.map(({ value }) => value) });
  if (faults.length > 0)
    throw new AggregateError(
      faults,
      `${faults.length} groups could not be routed; the next tick tries again`,
    );
  return { groups: found.size, flushed: tick.flushed, notificationsQueued: tick.queued };
}

class RouteTick {
  flushed = 0;
  queued = 0;
  /** State of each group after this tick. */
  readonly states = new Map<string, Stored<GroupState>>();
  private readonly deps: RouteTickDeps;
  private readonly mutes: MuteState;
  private readonly log: Map<string, Stored<LogEntry>>;

  constructor(
    deps: RouteTickDeps,
    {
      mutes,
      groups,
      log,
    }: { mutes: MuteState; groups: readonly Stored<GroupState>[]; log: readonly Stored<LogEntry>[] },
  ) {
    this.deps = deps;
    this.mutes = mutes;
    this.log = new Map(log.map((entry) => [entry.key, entry]));
    for (const group of groups) this.states.set(group.key, group);
  }

  async visit(group: AlertGroup): Promise<void> {
    const { nowMs } = this.deps;
    const stored = this.states.get(group.id);
    const state = stored === undefined ? undefined : this.settle(stored.value, group);
    const members = group.alerts.filter((alert) => isMember(state, alert, nowMs));
    if (members.length === 0) {
      if (stored !== undefined && state !== stored.value) await this.save(group.id, stored, state!);
      return;
    }
    const isLost = state?.pending !== undefined && this.hasLostClaim(state.pending.claims);
    // Before the first flush every alert may pull it forward; later the interval alone decides.
    const dueMs =
      state?.hasFlushed === true
        ? state.nextFlushMs
        : Math.min(
            state?.nextFlushMs ?? Number.POSITIVE_INFINITY,
            firstFlushMs({ ...group, alerts: members }),
          );
    if (nowMs < dueMs && !isLost) {
      const next: GroupState = state ?? this.newState(group, dueMs);
      if (stored === undefined || state !== stored.value || dueMs !== next.nextFlushMs)
        await this.save(group.id, stored, { ...next, nextFlushMs: dueMs });
      return;
    }
    await this.flush({ ...group, alerts: members }, { stored, state, dueMs, isDue: nowMs >= dueMs });
  }

  async forgetGroupsBut(found: ReadonlyMap<string, AlertGroup>): Promise<void> {
    for (const [id, { version }] of this.states) {
      if (!found.has(id)) await this.deps.state.groups.delete(id, version);
    }
  }

  private async flush(
    group: AlertGroup,
    {
      stored,
      state,
      dueMs,
      isDue,
    }: {
      stored: Stored<GroupState> | undefined;
      state: GroupState | undefined;
      dueMs: number;
      isDue: boolean;
    },
  ): Promise<void> {
    const { nowMs, config } = this.deps;
    const trace: string[] = [];
    const audible = this.audibleAlerts(group, trace);
    const sets: AlertSets = {
      firing: audible.filter((alert) => !isResolved(alert, nowMs)).map(({ fingerprint }) => fingerprint),
      resolved: audible.filter((alert) => isResolved(alert, nowMs)).map(({ fingerprint }) => fingerprint),
    };
    const claims: Record<string, string> = { ...state?.pending?.claims };
    const integrations = config.receivers.get(group.route.receiver)?.integrations ?? [];
    if (audible.length > 0) {
      for (const { kind, index, config: settings } of integrations) {
        const integration = { receiver: group.route.receiver, kind: kind.name, index };
        const key = logKey(group.id, integration);
        const entry = this.log.get(key);
        const name = `${integration.receiver}/${kind.name}[${index}]`;
        if (isClaimed(entry?.value, nowMs)) {
          trace.push(`${name}: a notification is under way`);
          claims[key] = entry!.value.claim!.token;
          continue;
        }
        const { notify, reason } = decideNotification(entry?.value, sets, {
          sendResolved: settings.send_resolved,
          repeatIntervalMs: group.route.repeatIntervalMs,
          nowMs,
        });
        trace.push(`${name}: ${notify ? 'notified' : 'not notified'}: ${reason}`);
        if (!notify) {
          delete claims[key];
          continue;
        }
        const token = await this.claimAndQueue(group, {
          key,
          entry,
          sets,
          audible,
          integration,
          sendResolved: settings.send_resolved,
        });
        // Another worker flushes this group at the same moment; what it saves stands.
        if (token === undefined) return;
        if (token === '') delete claims[key];
        else claims[key] = token;
      }
    }
    this.flushed += 1;
    const resolved = Object.fromEntries(
      group.alerts
        .filter((alert) => isResolved(alert, nowMs))
        .map(({ fingerprint, updatedAtMs }) => [fingerprint, updatedAtMs]),
    );
    const next: GroupState = {
      ...(state ?? this.newState(group, dueMs)),
      receiver: group.route.receiver,
      hasFlushed: true,
      nextFlushMs: isDue ? followingFlushMs(dueMs, group.route, nowMs) : dueMs,
      pending: { resolved, claims },
      trace: trace.slice(0, MAX_TRACE_LINES),
    };
    await this.save(group.id, stored, Object.keys(claims).length === 0 ? this.settle(next, group) : next);
  }

  /** Alerts that are not muted; what mutes the others is noted. */
  private audibleAlerts(group: AlertGroup, trace: string[]): readonly Alert[] {
    const muted = this.mutes.mutedRoute(group.route);
    if (muted !== undefined) {
      trace.push(`muted: ${muted}`);
      return [];
    }
    return group.alerts.filter((alert) => {
      const inhibiting = this.mutes.inhibitor.inhibitedBy(alert.labels);
      const silencing = inhibiting.length > 0 ? [] : this.mutes.silencer.silencedBy(alert.labels);
      if (inhibiting.length > 0) trace.push(`${alert.fingerprint}: inhibited by ${inhibiting.join(', ')}`);
      if (silencing.length > 0) trace.push(`${alert.fingerprint}: silenced by ${silencing.join(', ')}`);
      return inhibiting.length === 0 && silencing.length === 0;
    });
  }

  /** The claim's token; '' when there was nothing to send and the log alone was written; undefined when another worker was first. */
  private async claimAndQueue(
    group: AlertGroup,
    { key, entry, sets, audible, integration, sendResolved }: ClaimInput,
  ): Promise<string | undefined> {
    const { nowMs, state, queue } = this.deps;
    const before = entry?.value ?? EMPTY_ENTRY;
    const expiresAtMs = nowMs + Math.max(2 * group.route.repeatIntervalMs, MIN_LOG_RETENTION_MS);
    if (!sendResolved && sets.firing.length === 0) {
      const { claim: _, isUncertain: __, ...rest } = before;
      const written = await state.log.put(
        key,
        { ...rest, ...sets, notifiedAtMs: nowMs },
        { before: entry?.version, expiresAtMs },
      );
      return written === undefined ? undefined : '';
    }
    const contentHash = hashContent(sets, [
      String(before.notifiedAtMs),
      ...audible.map(({ fingerprint, startsAtMs }) => `${fingerprint}@${startsAtMs}`).sort(),
    ]);
    const sequence = nextSequence(entry?.value, contentHash);
    const deadlineMs = nowMs + Math.max(group.route.groupIntervalMs, MIN_DEADLINE_MS);
    const token = randomUUID();
    const claimed: LogEntry = {
      ...before,
      ...(isUncertain(before) ? { isUncertain: true } : {}),
      sequence,
      contentHash,
      claim: {
        token,
        contentHash,
        sequence,
        leaseUntilMs: Math.min(nowMs + LEASE_MS, deadlineMs),
        deadlineMs,
      },
    };
    const version = await state.log.put(key, claimed, { before: entry?.version, expiresAtMs });
    if (version === undefined) return undefined;
    this.log.set(key, { key, value: claimed, version });
    const alerts = (sendResolved ? audible : audible.filter((alert) => !isResolved(alert, nowMs))).map(
      (alert) => toNotified(alert, nowMs),
    );
    const [outcome] = await queue.send([
      {
        body: encodeJob({
          tenant: state.tenant,
          logKey: key,
          token,
          sequence,
          contentHash,
          deadlineMs,
          repeatIntervalMs: group.route.repeatIntervalMs,
          groupKey: group.groupKey,
          groupLabels: group.groupLabels,
          ...integration,
          ...sets,
          alerts: alerts.sort((a, b) => compareAlertLabels(a.labels, b.labels)),
        }),
        attributes: { [ATTRIBUTE.tenant]: state.tenant, [ATTRIBUTE.id]: token },
      },
    ]);
    // The claim runs out by itself, and the next tick makes it again.
    if (outcome?.status !== 'ok')
      throw new Error(`cannot queue a notification: ${outcome?.reason ?? 'no answer'}`);
    this.queued += 1;
    return token;
  }

  /**
   * Moves what the last flush left open to `settled` once every claim of it was delivered, and forgets
   * alerts that are gone. The same object when nothing changes.
   */
  private settle(
    state: GroupState,
    { fingerprints }: { readonly fingerprints: ReadonlySet<string> },
  ): GroupState {
    const { pending, ...rest } = state;
    const isOpen =
      pending === undefined ||
      Object.keys(pending.claims).some((key) => {
        const entry = this.log.get(key)?.value;
        // Delivered claims are taken off the entry; one that failed leaves its error. A claim with another token
        // is one that a worker made before it died: that the first one is gone does not mean that it was delivered.
        return entry?.claim !== undefined || entry?.lastError !== undefined;
      });
    const settled = Object.entries({ ...state.settled, ...(isOpen ? {} : pending.resolved) });
    const kept = settled.filter(([fingerprint]) => fingerprints.has(fingerprint));
    if (isOpen && kept.length === settled.length) return state;
    return {
      ...rest,
      ...(isOpen && pending !== undefined ? { pending } : {}),
      settled: Object.fromEntries(kept),
    };
  }

  /** Whether a claim ran out with nobody at work: its job, or its worker, is gone. */
  private hasLostClaim(claims: Readonly<Record<string, string>>): boolean {
    const { nowMs } = this.deps;
    return Object.keys(claims).some((key) => {
      const claim = this.log.get(key)?.value.claim;
      return claim !== undefined && claim.leaseUntilMs <= nowMs && claim.deadlineMs > nowMs;
    });
  }

  private newState({ groupKey, groupLabels, route }: AlertGroup, nextFlushMs: number): GroupState {
    return {
      groupKey,
      groupLabels,
      routeKey: route.key,
      receiver: route.receiver,
      nextFlushMs,
      hasFlushed: false,
      settled: {},
      trace: [],
    };
  }

  private async save(id: string, stored: Stored<GroupState> | undefined, value: GroupState): Promise<void> {
    const version = await this.deps.state.groups.put(id, value, { before: stored?.version });
    // Another worker's tick stands instead; the next tick reads it.
    if (version !== undefined) this.states.set(id, { key: id, value, version });
  }
}

interface ClaimInput {
  readonly key: string;
  readonly entry: Stored<LogEntry> | undefined;
  readonly sets: AlertSets;
  readonly audible: readonly Alert[];
  readonly integration: { readonly receiver: string; readonly kind: string; readonly index: number };
  readonly sendResolved: boolean;
}
