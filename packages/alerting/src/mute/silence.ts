/** Silences: what they are, their state at a moment, and what an update may change. */
import { createMatcher, type LabelMatcher, type MatchOperator, matchesAll } from '../match/matcher.ts';
import type { LabelSet } from '../model/label-set.ts';

export interface Silence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
  /** Set for an acknowledgement: the silence ends by itself when the alerts it covers have resolved. */
  readonly endsWithAlerts?: boolean;
}

/** As the API shows it. */
export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

export type SilenceState = 'pending' | 'active' | 'expired';

export function silenceState({ startsAtMs, endsAtMs }: Silence, nowMs: number): SilenceState {
  if (nowMs < startsAtMs) return 'pending';
  return nowMs >= endsAtMs ? 'expired' : 'active';
}

/** @throws SyntaxError when a value is no regular expression */
export function toLabelMatcher({ name, value, isRegex, isEqual }: SilenceMatcher): LabelMatcher {
  const operator: MatchOperator = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return createMatcher(name, operator, value);
}

export function toSilenceMatcher({ name, operator, value }: LabelMatcher): SilenceMatcher {
  return { name, value, isRegex: operator.endsWith('~'), isEqual: operator.startsWith('=') };
}

export interface Silencer {
  /** Ids of the active silences that cover these labels. */
  silencedBy(labels: LabelSet): readonly string[];
}

export function createSilencer(silences: Iterable<Silence>, nowMs: number): Silencer {
  const active = [...silences]
    .filter((silence) => silenceState(silence, nowMs) === 'active')
    .map((silence) => ({ id: silence.id, matchers: silence.matchers.map(toLabelMatcher) }));
  return {
    silencedBy: (labels) => active.filter(({ matchers }) => matchesAll(matchers, labels)).map(({ id }) => id),
  };
}

/** Why a silence cannot be kept; undefined when it can. */
export function faultOfSilence(
  silence: Omit<Silence, 'id' | 'updatedAtMs'>,
  nowMs: number,
): string | undefined {
  if (silence.matchers.length === 0) return 'at least one matcher required';
  let coversEverything = true;
  for (const matcher of silence.matchers) {
    if (matcher.name === '') return 'invalid label name ""';
    try {
      if (!toLabelMatcher(matcher).matches('')) coversEverything = false;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  if (coversEverything) return 'at least one matcher must not match the empty string';
  if (!(silence.startsAtMs < silence.endsAtMs)) return 'end time must not be before start time';
  if (silence.endsAtMs <= nowMs) return "end time can't be in the past";
  if (silence.createdBy === '') return 'the creator (createdBy) is missing';
  return undefined;
}

/** Whether a silence may become another under the same id; otherwise the old one expires and a new one is made. */
export function canUpdate(
  before: Silence,
  after: Omit<Silence, 'id' | 'updatedAtMs'>,
  nowMs: number,
): boolean {
  if (JSON.stringify(before.matchers) !== JSON.stringify(after.matchers)) return false;
  switch (silenceState(before, nowMs)) {
    case 'active':
      // A silence that runs has begun when it began, and may not end in the past.
      return after.startsAtMs === before.startsAtMs && after.endsAtMs >= nowMs;
    case 'pending':
      return after.startsAtMs >= nowMs;
    case 'expired':
      return false;
  }
}
