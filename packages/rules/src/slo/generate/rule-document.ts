/** Rules as they stand in a rule file, and the labels and selectors that all rules of an SLO share. */
import { goQuote } from '@sluice/promql/model/go-quote';
import type { Slo } from '../slo.ts';
import { SLOTH_LABEL } from './sloth-names.ts';

type Texts = Readonly<Record<string, string>>;

export interface RecordingDocument {
  readonly record: string;
  readonly expr: string;
  readonly labels: Texts;
}

export interface AlertDocument {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Texts;
  readonly annotations: Texts;
}

export interface RuleGroupDocument {
  readonly name: string;
  readonly rules: readonly (RecordingDocument | AlertDocument)[];
}

/** Sorted by name, the later ones win. */
export function mergeTexts(...all: readonly Texts[]): Texts {
  const merged = Object.assign({}, ...all) as Record<string, string>;
  return Object.fromEntries(Object.entries(merged).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function idLabelsOf({ id, name, service }: Pick<Slo, 'id' | 'name' | 'service'>): Texts {
  return { [SLOTH_LABEL.id]: id, [SLOTH_LABEL.service]: service, [SLOTH_LABEL.slo]: name };
}

/** `{sloth_id="…", sloth_service="…", sloth_slo="…"}`. */
export function selectorOf(slo: Pick<Slo, 'id' | 'name' | 'service'>): string {
  const matchers = Object.entries(idLabelsOf(slo)).map(([name, value]) => `${name}=${goQuote(value)}`);
  return `{${matchers.join(', ')}}`;
}
