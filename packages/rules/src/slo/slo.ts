/** A service level objective, whatever kind of file it was written in. */

export interface Slo {
  /** `<service>-<name>`: unique, and the value of the label `sloth_id`. */
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly description: string;
  /** Percent, in (0, 100]. */
  readonly objective: number;
  /** Over which the error budget is counted. */
  readonly periodMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly sli: Sli;
  /** Undefined: no such alert. */
  readonly page: AlertMeta | undefined;
  readonly ticket: AlertMeta | undefined;
  /** Why the SLO must not be computed or alerted on until somebody decides; undefined when it is sound. */
  readonly quarantine: string | undefined;
  readonly file: string;
  readonly line: number;
}

/** Queries are PromQL with `{{.window}}` where the range goes. */
export type Sli =
  | { readonly kind: 'events'; readonly errorQuery: string; readonly totalQuery: string }
  | { readonly kind: 'raw'; readonly errorRatioQuery: string };

export interface AlertMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export type SpecKind = 'prometheus/v1' | 'sloth.slok.dev/v1' | 'openslo/v1alpha';

/** One document of a spec file. */
export interface SloGroup {
  readonly kind: SpecKind;
  readonly file: string;
  readonly slos: readonly Slo[];
  /** Of a Kubernetes object. */
  readonly metadata?: KubernetesMetadata;
}

export interface KubernetesMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const DAY_MS = 86_400_000;

/** The share of events that may be bad: 0.001 for an objective of 99.9 %. */
export function errorBudgetOf({ objective }: Pick<Slo, 'objective'>): number {
  return (100 - objective) / 100;
}
