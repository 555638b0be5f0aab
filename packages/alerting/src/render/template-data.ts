/** What templates of receivers see (source: Alertmanager documentation, "Notification template reference"). */

import { ZERO_TIME_MS } from '@sluice/templates/go-methods';
import { type GoFunction, GoMap, type GoStruct, type GoValue, withMethods } from '@sluice/templates/go-value';
import { type LabelSet, sortedNames } from '../model/label-set.ts';
import type { Notification, NotifiedAlert } from '../receivers/receiver.ts';

export function toTemplateData(notification: Notification): GoStruct {
  const { receiver, status, groupLabels, commonLabels, commonAnnotations, externalUrl, alerts } =
    notification;
  return {
    Receiver: receiver,
    Status: status,
    Alerts: toAlerts(alerts),
    GroupLabels: toMap(groupLabels),
    CommonLabels: toMap(commonLabels),
    CommonAnnotations: toMap(commonAnnotations),
    ExternalURL: externalUrl,
  };
}

function toAlerts(alerts: readonly NotifiedAlert[]): GoValue {
  const items = alerts.map(toAlert);
  const withStatus = (status: NotifiedAlert['status']): readonly GoValue[] =>
    items.filter((_, index) => alerts[index]!.status === status);
  return withMethods(items, { Firing: () => withStatus('firing'), Resolved: () => withStatus('resolved') });
}

function toAlert(alert: NotifiedAlert): GoStruct {
  return {
    Status: alert.status,
    Labels: toMap(alert.labels),
    Annotations: toMap(alert.annotations),
    StartsAt: new Date(alert.startsAtMs),
    EndsAt: new Date(alert.endsAtMs === 0 ? ZERO_TIME_MS : alert.endsAtMs),
    GeneratorURL: alert.generatorUrl,
    Fingerprint: alert.fingerprint,
  };
}

/** A `KV`: a map of strings with the methods that templates call on it. */
function toMap(labels: LabelSet): GoMap {
  return new GoMap(Object.entries(labels), { zero: '', methods: methodsOf(labels) });
}

/** `alertname` comes first, as Alertmanager sorts pairs. */
function sortedPairs(labels: LabelSet): readonly (readonly [string, string])[] {
  const names = sortedNames(labels);
  const first = names.filter((name) => name === 'alertname');
  return [...first, ...names.filter((name) => name !== 'alertname')].map((name) => [name, labels[name]!]);
}

function methodsOf(labels: LabelSet): Readonly<Record<string, GoFunction>> {
  return {
    SortedPairs: () => toPairs(sortedPairs(labels)),
    Names: () => sortedPairs(labels).map(([name]) => name),
    Values: () => sortedPairs(labels).map(([, value]) => value),
    Remove: (names) => {
      const removed = new Set(Array.isArray(names) ? (names as readonly GoValue[]).map(String) : []);
      return toMap(Object.fromEntries(Object.entries(labels).filter(([name]) => !removed.has(name))));
    },
  };
}

function toPairs(pairs: readonly (readonly [string, string])[]): GoValue {
  const items = pairs.map(([Name, Value]): GoStruct => ({ Name, Value }));
  return withMethods(items, {
    Names: () => pairs.map(([name]) => name),
    Values: () => pairs.map(([, value]) => value),
    String: () => pairs.map(([name, value]) => `${name}=${value}`).join(', '),
  });
}
