/** Silences as JSON of Alertmanager's API, both ways. */
import { type Silence, type SilenceMatcher, silenceState } from '@sluice/alerting/mute/silence';
import { ApiRefusal } from './api-refusal.ts';
import { asFields, missing, textField, timeField, toWireTime } from './wire-fields.ts';

export interface ShownSilence {
  readonly id: string;
  readonly status: { readonly state: 'pending' | 'active' | 'expired' };
  readonly updatedAt: string;
  readonly comment: string;
  readonly createdBy: string;
  readonly endsAt: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAt: string;
}

export function toShownSilence(silence: Silence, nowMs: number): ShownSilence {
  return {
    id: silence.id,
    status: { state: silenceState(silence, nowMs) },
    updatedAt: toWireTime(silence.updatedAtMs),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: toWireTime(silence.endsAtMs),
    matchers: silence.matchers,
    startsAt: toWireTime(silence.startsAtMs),
  };
}

const STATES = ['active', 'pending', 'expired'] as const;

/** Active ones first, the next to end first; then pending ones, the next to start first; then expired ones, the latest first. */
export function compareSilences(a: ShownSilence, b: ShownSilence): number {
  const rank = STATES.indexOf(a.status.state) - STATES.indexOf(b.status.state);
  if (rank !== 0) return rank;
  switch (a.status.state) {
    case 'active':
      return order(a.endsAt, b.endsAt);
    case 'pending':
      return order(a.startsAt, b.startsAt);
    case 'expired':
      return order(b.endsAt, a.endsAt);
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export type PostedSilence = Omit<Silence, 'id' | 'updatedAtMs'> & { readonly id?: string };

/** @throws ApiRefusal */
export function parsePostedSilence(body: unknown): PostedSilence {
  const fields = asFields(body, 'silence');
  const { matchers, id } = fields;
  if (!Array.isArray(matchers)) throw missing('matchers');
  const startsAtMs = timeField(fields, 'startsAt', '');
  const endsAtMs = timeField(fields, 'endsAt', '');
  if (startsAtMs === undefined) throw missing('startsAt');
  if (endsAtMs === undefined) throw missing('endsAt');
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    matchers: matchers.map((matcher, index) => parseMatcher(matcher, `matchers.${index}.`)),
    startsAtMs,
    endsAtMs,
    createdBy: textField(fields, 'createdBy', ''),
    comment: textField(fields, 'comment', ''),
  };
}

function parseMatcher(value: unknown, place: string): SilenceMatcher {
  const fields = asFields(value, place.slice(0, -1));
  const { isRegex, isEqual } = fields;
  if (typeof isRegex !== 'boolean') {
    if (isRegex === undefined) throw missing(`${place}isRegex`);
    throw new ApiRefusal(400, `parsing ${place}isRegex failed, because it is neither true nor false`, 400);
  }
  return {
    name: textField(fields, 'name', place),
    value: textField(fields, 'value', place),
    isRegex,
    isEqual: isEqual !== false,
  };
}
