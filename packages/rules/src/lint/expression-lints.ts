/** Lints of expressions: valid PromQL that does not say what it looks like. */

import { adviseOnBucketBound } from '@sluice/promql/advice/bucket-bound';
import type { Adviser } from '@sluice/promql/advice/find-advice';
import { adviseOnLifetimeQuantile } from '@sluice/promql/advice/lifetime-quantile';
import { adviseOnRateAsShare } from '@sluice/promql/advice/rate-as-share';
import { adviseOnSelfDivision } from '@sluice/promql/advice/self-division';
import { childrenOf, type Expr, isComparison, type VectorSelector } from '@sluice/promql/parse/ast';
import type { LintRule, Slip } from './lint-rule.ts';

function* nodesOf(expr: Expr): Generator<Expr> {
  yield expr;
  for (const child of childrenOf(expr)) yield* nodesOf(child);
}

function selectorsOf(expr: Expr): readonly VectorSelector[] {
  return [...nodesOf(expr)].filter((node) => node.kind === 'vector-selector');
}

/** An adviser of the query engine, asked at every node. */
function slipsOf(expr: Expr, advise: Adviser): readonly Slip[] {
  return [...nodesOf(expr)].flatMap((node) => {
    const advice = advise(node);
    return advice === undefined ? [] : [{ message: advice.message, index: advice.position.start }];
  });
}

const selfDivision: LintRule = {
  code: 'self-division',
  reason:
    'series meet one to one by all of their labels, so a part divided by its whole is 1 for each series',
  fix: 'aggregate both sides by the labels that the alert needs: sum by (job) (rate(part[5m])) / sum by (job) (rate(whole[5m]))',
  find: ({ rule }) => slipsOf(rule.expr, adviseOnSelfDivision),
};

const rateAsShare: LintRule = {
  code: 'rate-as-share',
  reason:
    'rate() counts events a second: against a small number it grows with traffic, not with the share of errors',
  fix: 'divide by the rate of all: sum by (job) (rate(errors[5m])) / sum by (job) (rate(all[5m])) > 0.01',
  find: ({ rule }) => slipsOf(rule.expr, adviseOnRateAsShare),
};

const lifetimeQuantile: LintRule = {
  code: 'lifetime-quantile',
  reason:
    'buckets count from the start of the process, so the quantile is one of its whole life and hardly moves',
  fix: 'take the rate first: histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))',
  find: ({ rule }) => slipsOf(rule.expr, adviseOnLifetimeQuantile),
};

const bucketBound: LintRule = {
  code: 'bucket-bound',
  reason:
    'Prometheus 3 writes bounds as floats (le="1.0"), older servers as they came (le="1"): the other one finds nothing',
  fix: 'match both: le=~"1|1.0"',
  find: ({ rule }) => slipsOf(rule.expr, adviseOnBucketBound),
};

const WORDS = /^(success|error|ok|fail(ed|ure)?|timeout)$/i;
const CODES = /^([1-5](\d\d|\.\.|\.\*|xx|\[0-9\]\{2\})|\d{3}(\|\d{3})+)$/;

/** Values of `status` by metric, in words and as HTTP codes. */
const mixedStatus: LintRule = {
  code: 'mixed-status',
  reason:
    'one label cannot hold both "error" and "503": rules that ask for the other kind never find anything',
  fix: 'keep the HTTP code in `status` and put success or error into a label of its own, such as `outcome`',
  find({ rule, all }) {
    const kindOf = (value: string): string | undefined =>
      WORDS.test(value) ? 'words' : CODES.test(value) ? 'codes' : undefined;
    const kindsOf = (name: string): ReadonlySet<string | undefined> =>
      new Set(
        all.flatMap((other) =>
          selectorsOf(other.expr)
            .filter((selector) => selector.name === name)
            .flatMap(({ matchers }) =>
              matchers.filter((m) => m.name === 'status').map((m) => kindOf(m.value)),
            ),
        ),
      );
    return selectorsOf(rule.expr).flatMap(({ name, matchers, position }): Slip[] => {
      if (name === '' || !matchers.some((matcher) => matcher.name === 'status')) return [];
      const kinds = kindsOf(name);
      if (!kinds.has('words') || !kinds.has('codes')) return [];
      const message = `${name} is asked for status by word and by HTTP code`;
      return [{ message, index: position.start }];
    });
  },
};

/** A recorded error ratio whose errors are the requests below a latency bound: those are the good ones. */
const invertedLatency: LintRule = {
  code: 'inverted-latency',
  reason:
    'a bucket counts the events up to its bound, which are the good ones: as errors they make the ratio about one',
  fix: 'count what is slower: (rate(x_count[5m]) - rate(x_bucket{le="1.0"}[5m])) / rate(x_count[5m])',
  find({ rule }) {
    if (!/error|sli_error/i.test(rule.name)) return [];
    return [...nodesOf(rule.expr)].flatMap((node): Slip[] => {
      if (node.kind !== 'binary' || node.operator !== '/') return [];
      const hasDifference = [...nodesOf(node.left)].some(
        (part) => part.kind === 'binary' && part.operator === '-',
      );
      const bucket = selectorsOf(node.left).find(
        ({ name, matchers }) =>
          name.endsWith('_bucket') && matchers.some((m) => m.name === 'le' && m.operator === '='),
      );
      if (hasDifference || bucket === undefined) return [];
      return [
        { message: 'the errors are a bucket, which counts the good events', index: bucket.position.start },
      ];
    });
  },
};

const noComparison: LintRule = {
  code: 'no-condition',
  reason:
    'an alert exists for every series that its expression gives, whatever the value: without a comparison it always fires',
  fix: 'compare with a threshold (> 0), or ask for absence with absent()',
  find({ rule }) {
    if (rule.type !== 'alerting') return [];
    const hasCondition = [...nodesOf(rule.expr)].some(
      (node) =>
        (node.kind === 'binary' &&
          ((isComparison(node.operator) && !node.returnBool) ||
            node.operator === 'unless' ||
            node.operator === 'and')) ||
        (node.kind === 'call' && node.func.name.startsWith('absent')) ||
        (node.kind === 'vector-selector' && node.name === 'ALERTS'),
    );
    return hasCondition ? [] : [{ message: 'the expression compares nothing', index: 0 }];
  },
};

const rawCounter: LintRule = {
  code: 'raw-counter',
  reason: 'a counter only rises until its process starts anew: once over the threshold the alert never ends',
  fix: 'look at what it gained: increase(x_total[5m]) > 10',
  find({ rule }) {
    if (rule.type !== 'alerting') return [];
    return [...nodesOf(rule.expr)].flatMap((node): Slip[] => {
      if (node.kind !== 'binary' || !isComparison(node.operator)) return [];
      const plain = node.left.kind === 'paren' ? node.left.expr : node.left;
      const inner = plain.kind === 'aggregate' ? plain.expr : plain;
      if (inner.kind !== 'vector-selector' || !/_(total|count|sum|bucket)$/.test(inner.name)) return [];
      if (node.right.kind !== 'number') return [];
      return [{ message: `${inner.name} is compared as it stands`, index: inner.position.start }];
    });
  },
};

export const EXPRESSION_LINTS: readonly LintRule[] = [
  selfDivision,
  rateAsShare,
  lifetimeQuantile,
  bucketBound,
  mixedStatus,
  invertedLatency,
  noComparison,
  rawCounter,
];
