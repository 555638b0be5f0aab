/**
 * Gets the units of one tenant into one destination, and says of each what became of it. Joined pushes
 * are taken apart only when an answer asks for it: too large (halve, then split one message on item
 * borders), refused (one by one, so that only the guilty one is), failed though the destination was fine
 * a moment ago (halve while one half gets through, so that no message holds up its neighbours).
 */
import { describeError, PermanentError } from '@sluice/core/errors';
import type { TenantId } from '@sluice/core/ids';
import type { Signal } from '@sluice/core/names';
import { splitRequest } from '@sluice/otlp/split-request';
import type { Destination, PushAnswer } from './destination.ts';
import { packUnits } from './pack-units.ts';
import type { PoisonWatch } from './poison-watch.ts';
import { toPiece } from './telemetry-part.ts';
import { toPieceUnit, type Unit, type UnitOutcome, type UnitResult } from './unit.ts';

export interface PushUnitsOptions {
  readonly signal: Signal;
  readonly destination: Destination;
  readonly poison: PoisonWatch;
  readonly abort: AbortSignal;
  /** When true, no push is started any more. */
  readonly isLate: () => boolean;
}

/** Refusals after which a single message is given up, and how many of them may follow each other at once. */
const MIN_REFUSALS = 6;
const REFUSALS_AT_ONCE = 3;

type Failure = Extract<PushAnswer, { status: 'retryable' | 'threw' }>;

export async function pushUnits(
  tenant: TenantId,
  units: readonly Unit[],
  { signal, destination, poison, abort, isLate }: PushUnitsOptions,
): Promise<readonly UnitResult[]> {
  const { sink } = destination;
  const results: UnitResult[] = [];
  /** Set once the destination itself fails: the rest of this batch waits without being tried. */
  let stalled: Failure | undefined;

  const settle = (settled: readonly Unit[], outcome: UnitOutcome): void => {
    for (const unit of settled) results.push({ unit, sink: sink.name, outcome });
  };

  async function deliver(group: readonly Unit[]): Promise<void> {
    if (stalled !== undefined) {
      settle(group, toRetry(stalled));
      return;
    }
    const wasHealthy = destination.isHealthy();
    const failure = await attempt(group);
    if (failure === undefined) return;
    if (!wasHealthy || isExplained(failure)) stall(group, failure);
    else if (group.length === 1) blame(group[0]!, failure);
    else await isolate(group);
  }

  /** Pushes and acts on the answer. A failure is handed back: the caller knows more about whose it is. */
  async function attempt(group: readonly Unit[]): Promise<Failure | undefined> {
    if (abort.aborted || isLate()) {
      settle(group, { status: 'unstarted' });
      return undefined;
    }
    const answer = await destination.push(tenant, group, abort);
    switch (answer.status) {
      case 'ok':
        for (const { part } of group) poison.forgive(sink.name, part.messageId);
        settle(group, { status: 'done' });
        return undefined;
      case 'too-large':
        for (const smaller of group.length > 1
          ? halve(group)
          : (await piecesOf(group[0]!, answer.reason)).map((piece) => [piece]))
          await deliver(smaller);
        return undefined;
      case 'permanent':
        if (group.length === 1) await doubt(group[0]!, answer.reason);
        else for (const unit of group) await deliver([unit]);
        return undefined;
      case 'retryable':
      case 'threw':
        if (!abort.aborted) return answer;
        settle(group, { status: 'unstarted' });
        return undefined;
    }
  }

  /**
   * A single message is refused. Proxies and overloaded servers answer 400 for faults of their own, so a
   * refusal is believed when it is repeated: at once, and again some seconds later.
   */
  async function doubt(unit: Unit, reason: string): Promise<void> {
    let refusals = unit.job.retry?.refusals ?? 0;
    // Something in between may give reasons of its own: the one that matters must not be lost among them.
    const reasons = new Set([reason]);
    const told = (): string => [...reasons].join('; and: ');
    for (let pushes = 1; ; pushes++) {
      refusals += 1;
      if (refusals >= MIN_REFUSALS && pushes > 1)
        return settle([unit], { status: 'dead', cause: 'refused', reason: told() });
      if (pushes === REFUSALS_AT_ONCE || abort.aborted || isLate()) break;
      const answer = await destination.push(tenant, [unit], abort);
      if (answer.status === 'ok') return settle([unit], { status: 'done' });
      if (answer.status !== 'permanent') break;
      reasons.add(answer.reason);
    }
    settle([unit], { status: 'doubted', reason: told(), refusals });
  }

  function stall(group: readonly Unit[], failure: Failure): void {
    stalled = failure;
    settle(group, toRetry(failure));
  }

  /** Halves a failed group for as long as one half gets through; what is left over is to blame. */
  async function isolate(group: readonly Unit[]): Promise<void> {
    const [left, right] = halve(group);
    const leftFailure = await attempt(left);
    const rightFailure = await attempt(right);
    if (leftFailure !== undefined && rightFailure !== undefined) {
      stall(group, rightFailure);
      return;
    }
    for (const [half, failure] of [
      [left, leftFailure],
      [right, rightFailure],
    ] as const) {
      if (failure === undefined) continue;
      if (isExplained(failure)) stall(half, failure);
      else if (half.length === 1) blame(half[0]!, failure);
      else await isolate(half);
    }
  }

  function blame(unit: Unit, failure: Failure): void {
    const isPoison =
      failure.status === 'threw' && poison.strike(sink.name, unit.part.messageId, destination.successes());
    const reason = `${sink.name} fails on this message while it takes others: ${failure.reason}`;
    settle([unit], isPoison ? { status: 'dead', cause: 'poison', reason } : toRetry(failure));
  }

  /** The unit in pieces of at most half its size; none, and a dead letter, when it is a single item. */
  async function piecesOf(unit: Unit, reason: string): Promise<readonly Unit[]> {
    const pieces = await cut(unit, (size) => Math.ceil(size / 2));
    if (pieces.length > 1) return pieces;
    settle(pieces, { status: 'dead', cause: 'too-large', reason: `a single item is too large: ${reason}` });
    return [];
  }

  /** The unit, in pieces where it is larger than the sink says it takes. */
  function fit(unit: Unit): Promise<readonly Unit[]> | readonly Unit[] {
    return unit.rawBytes <= sink.maxRawBytes ? [unit] : cut(unit, () => sink.maxRawBytes);
  }

  async function cut(unit: Unit, maxBytesOf: (size: number) => number): Promise<readonly Unit[]> {
    try {
      const raw = await unit.part.raw();
      const maxBytes = maxBytesOf(raw.length);
      if (raw.length <= maxBytes) return [{ ...unit, rawBytes: raw.length }];
      const parts = splitRequest(signal, raw, maxBytes);
      if (parts.length < 2) return [unit];
      return await Promise.all(
        parts.map(async ({ bytes, items }, index) => {
          const piece = await toPiece(unit.envelope, { bytes, items, index });
          return toPieceUnit(unit.job, piece, bytes.length);
        }),
      );
    } catch (error) {
      const reason = describeError(error);
      if (error instanceof PermanentError) settle([unit], { status: 'dead', cause: 'unreadable', reason });
      else blame(unit, { status: 'threw', reason });
      return [];
    }
  }

  const fitting: Unit[] = [];
  for (const unit of units) fitting.push(...(await fit(unit)));
  for (const pack of packUnits(fitting, sink.maxRawBytes)) await deliver(pack);
  return results;
}

/** The destination said itself that it is the one to wait for. */
function isExplained(failure: Failure): boolean {
  return (
    failure.status === 'retryable' && (failure.misconfigured === true || failure.retryAfterMs !== undefined)
  );
}

function toRetry(failure: Failure): UnitOutcome {
  const { reason } = failure;
  return failure.status === 'retryable' && failure.retryAfterMs !== undefined
    ? { status: 'retry', reason, retryAfterMs: failure.retryAfterMs }
    : { status: 'retry', reason };
}

function halve(group: readonly Unit[]): readonly [readonly Unit[], readonly Unit[]] {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
}
