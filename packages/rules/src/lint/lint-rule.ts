/** What a lint of rules is, and what it finds. Lints warn: a file with findings is loaded all the same. */
import type { Rule, RuleFile, RuleGroup } from '../rule-file.ts';

export interface Finding {
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `group › rule`. */
  readonly place: string;
  /** What is likely wrong here. */
  readonly message: string;
  /** Why it matters. */
  readonly reason: string;
  /** What to write instead. */
  readonly fix: string;
}

export interface LintContext {
  readonly file: RuleFile;
  readonly group: RuleGroup;
  readonly rule: Rule;
  /** Every rule of all files that are looked at together. */
  readonly all: readonly Rule[];
}

/** What one lint says of one rule. */
export interface Slip {
  readonly message: string;
  /** Of the expression: which character it is about; the rule itself when absent. */
  readonly index?: number;
  /** In place of the lint's own. */
  readonly fix?: string;
}

export interface LintRule {
  /** Stable: people switch lints off by it. */
  readonly code: string;
  readonly reason: string;
  readonly fix: string;
  find(context: LintContext): readonly Slip[];
}
