/** All lints over all rules of a set of files. */
import type { RuleFile } from '../rule-file.ts';
import { ALERT_LINTS } from './alert-lints.ts';
import { EXPRESSION_LINTS } from './expression-lints.ts';
import type { Finding, LintRule } from './lint-rule.ts';

export const LINT_RULES: readonly LintRule[] = [...EXPRESSION_LINTS, ...ALERT_LINTS];

/** In the order of files and rules. `skip` holds codes. */
export function lintRules(
  files: readonly RuleFile[],
  { skip = new Set() }: { readonly skip?: ReadonlySet<string> } = {},
): readonly Finding[] {
  const all = files.flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
  const findings: Finding[] = [];
  for (const file of files) {
    for (const group of file.groups) {
      for (const rule of group.rules) {
        for (const { code, reason, fix, find } of LINT_RULES) {
          if (skip.has(code)) continue;
          for (const slip of find({ file, group, rule, all })) {
            const { line, column } =
              slip.index === undefined ? { line: rule.line, column: 1 } : rule.positionAt(slip.index);
            findings.push({
              code,
              file: file.file,
              line,
              column,
              place: `${group.name} › ${rule.name}`,
              message: slip.message,
              reason,
              fix: slip.fix ?? fix,
            });
          }
        }
      }
    }
  }
  return findings;
}
