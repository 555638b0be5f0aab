/** Lints of what surrounds the expression: who is told what, when, and as which alert. */

import { ruleKeys } from '../evaluate/evaluate-group.ts';
import type { LintContext, LintRule, Slip } from './lint-rule.ts';

const SEVERITIES = new Set(['critical', 'error', 'warning', 'info', 'page', 'ticket', 'none']);

function alertSlips(
  find: (
    rule: Extract<LintContext['rule'], { type: 'alerting' }>,
    context: LintContext,
  ) => string | undefined,
): LintRule['find'] {
  return (context) => {
    if (context.rule.type !== 'alerting') return [];
    const message = find(context.rule, context);
    return message === undefined ? [] : [{ message }];
  };
}

const severity: LintRule = {
  code: 'severity',
  reason: 'routes and inhibition go by severity: an alert without one reaches whoever is the default',
  fix: 'add the label `severity: critical`, `warning` or `info`',
  find: alertSlips(({ labels }) => {
    const value = labels.get('severity');
    if (value === undefined || value === '') return 'the alert has no label "severity"';
    if (value.includes('{{') || SEVERITIES.has(value.toLowerCase())) return undefined;
    return `the severity ${JSON.stringify(value)} is none that routes usually know`;
  }),
};

const summary: LintRule = {
  code: 'summary',
  reason: 'the summary is the one line that people see on their phone',
  fix: 'add the annotation `summary`, with what is wrong and where: "{{ $labels.job }} is down"',
  find: alertSlips(({ annotations }) =>
    (annotations.get('summary') ?? '') === '' ? 'the alert has no annotation "summary"' : undefined,
  ),
};

const runbook: LintRule = {
  code: 'runbook',
  reason: 'whoever is woken up needs to know what to do; an alert without an action is noise',
  fix: 'add the annotation `runbook_url` with a page that says what to look at and what to do',
  find: alertSlips(({ annotations }) =>
    annotations.has('runbook_url') || annotations.has('runbook')
      ? undefined
      : 'the alert has no annotation "runbook_url"',
  ),
};

const valueInLabel: LintRule = {
  code: 'value-in-label',
  reason:
    'labels are the identity of an alert: one that changes with the value is a new alert at every evaluation, and never gets through `for`',
  fix: 'put the value into an annotation',
  find: alertSlips(({ labels }) => {
    const found = [...labels].find(([, text]) => /\{\{[^}]*(\$value|\.Value)\b/.test(text));
    return found === undefined ? undefined : `the label "${found[0]}" holds the value`;
  }),
};

const shortFor: LintRule = {
  code: 'short-for',
  reason: 'a `for` below the interval between two evaluations is as good as the interval',
  fix: 'leave `for` out, or make it several intervals long',
  find: alertSlips(({ forMs }, { group }) =>
    group.intervalMs !== undefined && forMs > 0 && forMs < group.intervalMs
      ? 'the alert waits shorter than one interval of its group'
      : undefined,
  ),
};

const duplicate: LintRule = {
  code: 'duplicate',
  reason: 'two rules of one name and labels write the same series, or tell the same alert twice',
  fix: 'give them different names or labels',
  find({ rule, group }): readonly Slip[] {
    const key = ruleKeys(group.rules)[group.rules.indexOf(rule)]!;
    return /\] \d+$/.test(key)
      ? [{ message: `${rule.name} stands here a second time with the same labels` }]
      : [];
  },
};

const recordName: LintRule = {
  code: 'record-name',
  reason: 'names of recorded series say by which labels and how they were made: level:metric:operations',
  fix: 'name it such as job:http_requests:rate5m',
  find: ({ rule }) =>
    rule.type === 'recording' && !rule.name.includes(':')
      ? [{ message: `${rule.name} looks like a metric that somebody sends` }]
      : [],
};

export const ALERT_LINTS: readonly LintRule[] = [
  severity,
  summary,
  runbook,
  valueInLabel,
  shortFor,
  duplicate,
  recordName,
];
