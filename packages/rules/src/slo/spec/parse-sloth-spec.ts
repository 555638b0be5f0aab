/**
 * Sloth's two kinds of spec, `prometheus/v1` and the Kubernetes object `PrometheusServiceLevel`: the same
 * content, in either casing of its keys. Source: sloth.dev, "Spec", and Sloth's API packages.
 */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import type { AlertMeta, KubernetesMetadata, Slo, SloGroup } from '../slo.ts';
import { type CheckedSli, checkEvents, checkQuery, SLO_LINT } from './check-sli.ts';
import { eitherCasing, type Located, located } from './either-casing.ts';
import { annotations, labels, NO_TEXTS, sloName, type Texts } from './spec-labels.ts';

export interface SpecOptions {
  readonly file: string;
  readonly defaultPeriodMs: number;
  /** SLOs whose error query counts good events, said by somebody who knows; by id. */
  readonly isInverted: (id: string) => boolean;
}

const alert = eitherCasing({
  disable: d.withDefault(d.boolean, false),
  labels: d.withDefault(labels, NO_TEXTS),
  annotations: d.withDefault(annotations, NO_TEXTS),
});
const NO_ALERT_SETTINGS = { disable: false, labels: NO_TEXTS, annotations: NO_TEXTS };

const alerting = eitherCasing({
  name: d.withDefault(d.text, ''),
  labels: d.withDefault(labels, NO_TEXTS),
  annotations: d.withDefault(annotations, NO_TEXTS),
  page_alert: d.withDefault(alert, NO_ALERT_SETTINGS),
  ticket_alert: d.withDefault(alert, NO_ALERT_SETTINGS),
});

/** Plugins are Go programs that Sloth interprets. */
const refusePlugin: d.Decoder<never> = (node) => {
  node.report('plugins are not supported: write the queries out, or generate them with Sloth');
  return undefined;
};

const query = located(d.nonEmptyText);
const sli = eitherCasing({
  raw: d.optional(eitherCasing({ error_ratio_query: d.required(query) })),
  events: d.optional(eitherCasing({ error_query: d.required(query), total_query: d.required(query) })),
  plugin: d.optional(refusePlugin),
});

const objective = d.checked(d.number, (percent) =>
  percent > 0 && percent <= 100 ? undefined : `want a percentage above 0 and up to 100, got ${percent}`,
);

const slo = located(
  eitherCasing({
    name: d.required(sloName),
    description: d.withDefault(d.text, ''),
    objective: d.required(objective),
    plugins: d.optional(refusePlugin),
    labels: d.withDefault(labels, NO_TEXTS),
    sli: d.required(located(sli)),
    alerting: d.optional(located(alerting)),
  }),
);

const BODY = {
  service: d.required(sloName),
  labels: d.withDefault(labels, NO_TEXTS),
  slo_plugins: d.optional(refusePlugin),
  slos: d.required(located(d.listOf(slo))),
};
const prometheusSpec = eitherCasing({ version: d.required(d.text), ...BODY });
const kubernetesSpec = d.mapping({
  apiVersion: d.required(d.text),
  kind: d.required(d.text),
  metadata: d.required(
    d.mapping(
      {
        name: d.required(d.nonEmptyText),
        namespace: d.withDefault(d.text, ''),
        labels: d.withDefault(labels, NO_TEXTS),
        annotations: d.withDefault(annotations, NO_TEXTS),
      },
      { isLenient: true },
    ),
  ),
  spec: d.required(eitherCasing(BODY)),
  // Written by Sloth's controller.
  status: d.optional((node) => node.toPlain()),
});

type Body = d.Decoded<ReturnType<typeof eitherCasing<typeof BODY>>>;

export function parsePrometheusSpec(node: ConfigNode, options: SpecOptions): SloGroup | undefined {
  const spec = prometheusSpec(node);
  if (spec === undefined) return undefined;
  return { kind: 'prometheus/v1', file: options.file, slos: toSlos(spec, options) };
}

export function parseKubernetesSpec(node: ConfigNode, options: SpecOptions): SloGroup | undefined {
  const object = kubernetesSpec(node);
  if (object === undefined) return undefined;
  const metadata: KubernetesMetadata = object.metadata;
  return { kind: 'sloth.slok.dev/v1', file: options.file, slos: toSlos(object.spec, options), metadata };
}

function toSlos({ service, labels: shared, slos }: Body, options: SpecOptions): readonly Slo[] {
  if (slos.value.length === 0 && slos.node.items.length === 0) slos.node.report('at least one SLO is wanted');
  return slos.value.flatMap(({ value, node }): readonly Slo[] => {
    const id = `${service}-${value.name}`;
    const checked = toSli(value.sli, options.isInverted(id));
    if (checked === undefined) return [];
    return [
      {
        ...checked,
        ...toAlerts(value.alerting, node),
        id,
        name: value.name,
        service,
        description: value.description,
        objective: value.objective,
        periodMs: options.defaultPeriodMs,
        labels: { ...shared, ...value.labels },
        file: options.file,
        line: node.line,
      },
    ];
  });
}

function toSli({ value, node }: Located<d.Decoded<typeof sli>>, isInverted: boolean): CheckedSli | undefined {
  const { raw, events, plugin } = value;
  if (raw !== undefined && events !== undefined) {
    node.report('an SLI is of events or raw, not both');
    return undefined;
  }
  if (events !== undefined) return checkEvents(events.error_query, events.total_query, { isInverted });
  if (raw !== undefined) {
    const errorRatioQuery = checkQuery(raw.error_ratio_query);
    if (errorRatioQuery === undefined) return undefined;
    return { sli: { kind: 'raw', errorRatioQuery }, quarantine: undefined };
  }
  const isReported = node.entries.length > 0 || plugin !== undefined;
  if (!isReported) node.report('the SLI has neither events nor raw');
  return undefined;
}

function toAlerts(
  given: Located<d.Decoded<typeof alerting>> | undefined,
  sloNode: ConfigNode,
): Pick<Slo, 'page' | 'ticket'> {
  if (given === undefined) {
    sloNode.report('the SLO has no alerting: nobody is told when it burns', {
      severity: 'warning',
      code: SLO_LINT.noAlerting,
    });
    return { page: undefined, ticket: undefined };
  }
  const { value, node } = given;
  const isWanted = !value.page_alert.disable || !value.ticket_alert.disable;
  if (isWanted && value.name === '') node.report('name is missing: the alerts need one');
  const toAlert = (own: { disable: boolean; labels: Texts; annotations: Texts }): AlertMeta | undefined =>
    own.disable
      ? undefined
      : {
          name: value.name,
          labels: { ...value.labels, ...own.labels },
          annotations: { ...value.annotations, ...own.annotations },
        };
  return { page: toAlert(value.page_alert), ticket: toAlert(value.ticket_alert) };
}
