/**
 * What an alert means whose expression found no series at all to look at. Prometheus takes that for "all is
 * well"; here a rule may say otherwise, by an annotation, so that its file stays valid for every other tool.
 */
import type { AlertingRule } from '../rule-file.ts';

/** `no_data_state: alerting` among a rule's annotations. */
export const NO_DATA_ANNOTATION = 'no_data_state';
/** On the alert that says so, to tell it from those about values. */
export const NO_DATA_LABEL = 'no_data';

/** `ok`: no alert, as Prometheus has it. `keep_last`: alerts stay as they are. `alerting`: an alert of its own. */
export const NO_DATA_STATES = ['ok', 'keep_last', 'alerting'] as const;
export type NoDataState = (typeof NO_DATA_STATES)[number];

export function isNoDataState(text: string): text is NoDataState {
  return (NO_DATA_STATES as readonly string[]).includes(text);
}

export function noDataStateOf({ annotations }: Pick<AlertingRule, 'annotations'>): NoDataState {
  const text = annotations.get(NO_DATA_ANNOTATION) ?? 'ok';
  return isNoDataState(text) ? text : 'ok';
}
