/** Alerts as JSON of Alertmanager's API, both ways. */
import { type Alert, faultOfAlert, type PostedAlert } from '@sluice/alerting/model/alert';
import type { AlertStatus } from './alerts-view.ts';
import { ApiRefusal } from './api-refusal.ts';
import { asFields, textMapField, timeField, toWireTime } from './wire-fields.ts';

export interface ShownAlert {
  readonly annotations: Readonly<Record<string, string>>;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly startsAt: string;
  readonly status: AlertStatus & { readonly mutedBy: readonly string[] };
  readonly updatedAt: string;
  readonly generatorURL?: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function toShownAlert(
  alert: Alert,
  { status, receivers }: { readonly status: AlertStatus; readonly receivers: readonly string[] },
): ShownAlert {
  return {
    annotations: alert.annotations,
    endsAt: toWireTime(alert.endsAtMs),
    fingerprint: alert.fingerprint,
    receivers: receivers.map((name) => ({ name })),
    startsAt: toWireTime(alert.startsAtMs),
    status: { ...status, mutedBy: [] },
    updatedAt: toWireTime(alert.updatedAtMs),
    ...(alert.generatorUrl === '' ? {} : { generatorURL: alert.generatorUrl }),
    labels: alert.labels,
  };
}

export interface PostedAlerts {
  readonly valid: readonly PostedAlert[];
  /** One for each alert that is not kept. */
  readonly faults: readonly string[];
}

/** A fault of one alert does not lose the others; a fault of the form loses all. @throws ApiRefusal */
export function parsePostedAlerts(body: unknown): PostedAlerts {
  if (!Array.isArray(body))
    throw new ApiRefusal(400, 'parsing alerts body from "" failed, because it is no JSON array', 400);
  const valid: PostedAlert[] = [];
  const faults: string[] = [];
  for (const [index, item] of body.entries()) {
    const alert = parsePostedAlert(item, `${index}.`);
    const fault = faultOfAlert(alert);
    if (fault === undefined) valid.push(alert);
    else faults.push(fault);
  }
  return { valid, faults };
}

function parsePostedAlert(item: unknown, place: string): PostedAlert {
  const fields = asFields(item, place.slice(0, -1));
  const labels = textMapField(fields, 'labels', place);
  const annotations =
    fields.annotations === undefined || fields.annotations === null
      ? {}
      : textMapField(fields, 'annotations', place);
  const startsAtMs = timeField(fields, 'startsAt', place);
  const endsAtMs = timeField(fields, 'endsAt', place);
  const { generatorURL } = fields;
  return {
    // A label without a value is no label.
    labels: Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== '')),
    annotations,
    generatorUrl: typeof generatorURL === 'string' ? generatorURL : '',
    ...(startsAtMs === undefined ? {} : { startsAtMs }),
    ...(endsAtMs === undefined ? {} : { endsAtMs }),
  };
}
