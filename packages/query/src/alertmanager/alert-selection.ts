/** Which alerts a request asks for: matchers, states and receivers. */
import { createMatcher, type LabelMatcher } from '@sluice/alerting/match/matcher';
import { parseMatchers } from '@sluice/alerting/match/parse-matchers';
import type { Alert } from '@sluice/alerting/model/alert';
import type { LabelSet } from '@sluice/alerting/model/label-set';
import type { Context } from 'hono';
import type { AlertStatus } from './alerts-view.ts';
import { ApiRefusal } from './api-refusal.ts';

export interface AlertSelection {
  takes(alert: Alert, status: AlertStatus): boolean;
  takesReceiver(name: string): boolean;
}

/** @throws ApiRefusal */
export function parseSelection(c: Context): AlertSelection {
  const filter = parseFilter(c);
  const receiver = receiverMatcher(c.req.query('receiver'));
  const [active, silenced, inhibited] = ['active', 'silenced', 'inhibited'].map((name) => isOn(c, name));
  return {
    takesReceiver: (name) => receiver === undefined || receiver.matches(name),
    takes(alert, status) {
      if (!active && status.state === 'active') return false;
      if (!silenced && status.silencedBy.length > 0) return false;
      if (!inhibited && status.inhibitedBy.length > 0) return false;
      return matchesFilter(filter, alert.labels);
    },
  };
}

/** @throws ApiRefusal */
export function parseFilter(c: Context): readonly LabelMatcher[] {
  return (c.req.queries('filter') ?? []).flatMap((text) => {
    try {
      return parseMatchers(text);
    } catch (error) {
      throw new ApiRefusal(400, error instanceof Error ? error.message : String(error));
    }
  });
}

/** As Alertmanager's API filters: a matcher for the empty text asks whether the label is there at all. */
function matchesFilter(filter: readonly LabelMatcher[], labels: LabelSet): boolean {
  return filter.every((matcher) => {
    const value = labels[matcher.name];
    const isPresent = value !== undefined;
    const isNegative = matcher.operator.startsWith('!');
    if (matcher.value === '' && isPresent === isNegative) return true;
    return matcher.matches(value ?? '');
  });
}

function receiverMatcher(pattern: string | undefined): LabelMatcher | undefined {
  if (pattern === undefined || pattern === '') return undefined;
  try {
    return createMatcher('receiver', '=~', pattern);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ApiRefusal(400, `failed to parse receiver param: ${said}`);
  }
}

/** What the OpenAPI runtime takes for true (go-openapi/swag); all flags are on by default. */
function isOn(c: Context, name: string): boolean {
  const value = c.req.query(name);
  return value === undefined || /^(true|1|yes|ok|y|on|selected|checked|t|enabled)$/i.test(value);
}
