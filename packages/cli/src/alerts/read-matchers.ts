/** Labels and matchers as they are typed: `severity=critical`, `instance=~"db.+"`. */
import type { LabelMatcher } from '@sluice/alerting/match/matcher';
import { parseMatchers } from '@sluice/alerting/match/parse-matchers';
import type { LabelSet } from '@sluice/alerting/model/label-set';
import { CommandLineError } from '../command-line-error.ts';

/** @throws CommandLineError */
export function readMatchers(texts: readonly string[]): readonly LabelMatcher[] {
  return texts.flatMap((text) => {
    try {
      return parseMatchers(text);
    } catch (error) {
      throw new CommandLineError(error instanceof Error ? error.message : String(error));
    }
  });
}

/** @throws CommandLineError */
export function readLabels(texts: readonly string[]): LabelSet {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0)).trim();
    if (name === '') throw new CommandLineError(`${JSON.stringify(text)} is not LABEL=VALUE`);
    const value = text.slice(at + 1);
    labels.set(name, /^".*"$/s.test(value) ? value.slice(1, -1) : value);
  }
  return Object.fromEntries(labels);
}
