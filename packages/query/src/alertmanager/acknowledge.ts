/** Acknowledgements: silences of exactly one group or alert that end by themselves when it has resolved. */

import type { LabelSet } from '@sluice/alerting/model/label-set';
import { commonOf } from '@sluice/alerting/model/label-set';
import { type SilenceMatcher, toSilenceMatcher } from '@sluice/alerting/mute/silence';
import { InvalidSilenceError, putSilence } from '@sluice/alerting/notify/alerting-state';
import { pathToRoute } from '@sluice/alerting/route/route-tree';
import { parseDuration } from '@sluice/config/duration';
import type { Context } from 'hono';
import type { QueryEnv } from '../query-env.ts';
import { type AlertmanagerDeps, configOf } from './alertmanager-deps.ts';
import { ApiRefusal, readJson } from './api-refusal.ts';
import { findGroup } from './group-trace.ts';
import { asFields, textField } from './wire-fields.ts';

/** Nobody works on one incident for longer without saying so again. */
const DEFAULT_MS = 24 * 3_600_000;

export interface Acknowledgement {
  readonly silenceID: string;
}

/** Body: `{createdBy, comment?, duration?}`. @throws ApiRefusal */
export async function acknowledgeGroup(
  c: Context<QueryEnv>,
  id: string,
  deps: AlertmanagerDeps,
): Promise<Acknowledgement> {
  const { group } = await findGroup(c, id, deps);
  const path = pathToRoute(configOf(deps).route, group.route);
  const matchers = [
    ...path.flatMap((route) => route.matchers).map(toSilenceMatcher),
    ...equalities(group.groupLabels),
  ];
  // A route without matchers that groups by nothing: what its alerts share is the best name there is.
  const named = matchers.some(({ isEqual, isRegex, value }) => isEqual && !isRegex && value !== '')
    ? matchers
    : [...matchers, ...equalities(commonOf(group.alerts.map(({ labels }) => labels)))];
  return acknowledge(c, named, deps);
}

/** @throws ApiRefusal */
export async function acknowledgeAlert(
  c: Context<QueryEnv>,
  fingerprint: string,
  deps: AlertmanagerDeps,
): Promise<Acknowledgement> {
  const found = await deps.stateOf(c.get('tenant')).alerts.get(fingerprint);
  if (found === undefined) throw new ApiRefusal(404, `alert ${JSON.stringify(fingerprint)} not found`);
  return acknowledge(c, equalities(found.value.labels), deps);
}

async function acknowledge(
  c: Context<QueryEnv>,
  matchers: readonly SilenceMatcher[],
  { stateOf, clock }: AlertmanagerDeps,
): Promise<Acknowledgement> {
  const fields = asFields(await readJson(c, 'acknowledgement'), 'acknowledgement');
  const createdBy = textField(fields, 'createdBy', '');
  const comment = fields.comment === undefined ? 'acknowledged' : textField(fields, 'comment', '');
  const durationMs =
    fields.duration === undefined ? DEFAULT_MS : parseDuration(textField(fields, 'duration', ''));
  if (durationMs === undefined || durationMs === 0)
    throw new ApiRefusal(400, `duration ${JSON.stringify(fields.duration)} is not a duration such as 4h`);
  const startsAtMs = clock.nowMs();
  try {
    const silenceID = await putSilence(
      stateOf(c.get('tenant')),
      {
        matchers,
        startsAtMs,
        endsAtMs: startsAtMs + durationMs,
        createdBy,
        comment,
        endsWithAlerts: true,
      },
      { clock },
    );
    return { silenceID };
  } catch (error) {
    if (error instanceof InvalidSilenceError) throw new ApiRefusal(409, error.message);
    throw error;
  }
}

function equalities(labels: LabelSet): readonly SilenceMatcher[] {
  return Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}
