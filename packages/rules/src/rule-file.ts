/** Prometheus rule files: strict keys, expressions parsed, templates checked, every fault with its place. */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import { type Expr, valueTypeOf } from '@sluice/promql/parse/ast';
import { ALL_FEATURES, parseExpression } from '@sluice/promql/parse/parse-expression';
import { QueryError } from '@sluice/promql/query-error';
import { checkTemplate } from './evaluate/expand-templates.ts';
import { isNoDataState, NO_DATA_ANNOTATION, NO_DATA_STATES } from './evaluate/no-data-state.ts';

export interface RuleFile {
  readonly file: string;
  readonly groups: readonly RuleGroup[];
}

export interface RuleGroup {
  readonly file: string;
  readonly name: string;
  /** Undefined where the file leaves it to the global setting. */
  readonly intervalMs: number | undefined;
  readonly queryOffsetMs: number | undefined;
  /** Series or alerts that one rule may give; 0 is no limit. */
  readonly limit: number;
  readonly rules: readonly Rule[];
}

export type Rule = RecordingRule | AlertingRule;

interface RuleBase {
  /** Of the recorded series, or of the alert. */
  readonly name: string;
  /** As written. */
  readonly query: string;
  readonly expr: Expr;
  /** Those of the group, overridden by those of the rule. */
  readonly labels: ReadonlyMap<string, string>;
  readonly line: number;
  /** Where a character of the expression stands in the file. */
  readonly positionAt: (index: number) => { readonly line: number; readonly column: number };
}

export interface RecordingRule extends RuleBase {
  readonly type: 'recording';
}

export interface AlertingRule extends RuleBase {
  readonly type: 'alerting';
  readonly annotations: ReadonlyMap<string, string>;
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

const labelMap: d.Decoder<ReadonlyMap<string, string>> = d.mapped(d.mapOf(d.text), (labels, node) => {
  for (const name of labels.keys()) {
    if (name === '__name__' || name === '' || !name.isWellFormed())
      node.report(`invalid label name: ${name}`);
  }
  return labels;
});

const annotationMap: d.Decoder<ReadonlyMap<string, string>> = d.mapped(
  d.mapOf(d.text),
  (annotations, node) => {
    for (const name of annotations.keys()) if (name === '') node.report('invalid annotation name: ');
    const noData = annotations.get(NO_DATA_ANNOTATION);
    if (noData !== undefined && !isNoDataState(noData))
      node.report(
        `${NO_DATA_ANNOTATION}: want one of ${NO_DATA_STATES.join(', ')}, got ${JSON.stringify(noData)}`,
      );
    return annotations;
  },
);

const NO_LABELS: ReadonlyMap<string, string> = new Map();

const expression: d.Decoder<Pick<RuleBase, 'query' | 'expr' | 'positionAt'>> = d.mapped(
  d.nonEmptyText,
  (query, node) => {
    try {
      const expr = parseExpression(query, ALL_FEATURES);
      return { query, expr, positionAt: node.locator() };
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      const { position, message } = error;
      node.report(
        `could not parse expression: ${message}`,
        position === undefined ? {} : { index: position.start },
      );
      return undefined;
    }
  },
);

const decodeRule: d.Decoder<(group: ReadonlyMap<string, string>) => Rule> = (node) => {
  const value = d.mapping({
    record: d.optional(d.text),
    alert: d.optional(d.text),
    expr: d.required(expression),
    for: d.optional(d.durationMs),
    keep_firing_for: d.optional(d.durationMs),
    labels: d.withDefault(labelMap, NO_LABELS),
    annotations: d.withDefault(annotationMap, NO_LABELS),
  })(node);
  if (value === undefined) return undefined;
  const { record = '', alert = '' } = value;
  const line = node.line;
  if (record !== '' && alert !== '') return refuse(node, "only one of 'record' and 'alert' must be set");
  if (record === '' && alert === '') return refuse(node, "one of 'record' or 'alert' must be set");
  const type = valueTypeOf(value.expr.expr);
  if (type !== 'vector' && type !== 'scalar')
    return refuse(node, `the expression gives a ${type}, a rule takes an instant vector or a scalar`);
  const base = { ...value.expr, line };
  const merged = (group: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...group, ...value.labels]);
  if (record !== '') {
    if (value.annotations.size > 0) node.report('invalid field annotations in recording rule');
    if (value.for !== undefined) node.report("invalid field 'for' in recording rule");
    if (value.keep_firing_for !== undefined) node.report("invalid field 'keep_firing_for' in recording rule");
    if (!METRIC_NAME.test(record)) node.report(`invalid recording rule name: ${record}`);
    return (group) => ({ ...base, type: 'recording', name: record, labels: merged(group) });
  }
  for (const [kind, texts] of [
    ['label', value.labels],
    ['annotation', value.annotations],
  ] as const) {
    for (const [name, text] of texts) {
      const fault = checkTemplate(text, `__alert_${alert}`);
      if (fault !== undefined) node.report(`${kind} ${JSON.stringify(name)}: ${fault}`);
    }
  }
  return (group) => ({
    ...base,
    type: 'alerting',
    name: alert,
    labels: merged(group),
    annotations: value.annotations,
    forMs: value.for ?? 0,
    keepFiringForMs: value.keep_firing_for ?? 0,
  });
};

function refuse(node: ConfigNode, message: string): undefined {
  node.report(message);
  return undefined;
}

function decodeGroups(file: string): d.Decoder<RuleFile> {
  const group = d.mapped(
    d.mapping({
      name: d.required(d.nonEmptyText),
      interval: d.optional(d.durationMs),
      query_offset: d.optional(d.durationMs),
      limit: d.withDefault(d.integer, 0),
      labels: d.withDefault(labelMap, NO_LABELS),
      rules: d.withDefault(d.listOf(decodeRule), []),
    }),
    (value): RuleGroup => ({
      file,
      name: value.name,
      intervalMs: value.interval === 0 ? undefined : value.interval,
      queryOffsetMs: value.query_offset,
      limit: value.limit,
      rules: value.rules.map((make) => make(value.labels)),
    }),
  );
  return d.mapped(d.mapping({ groups: d.withDefault(d.listOf(group), []) }), ({ groups }, node) => {
    const names = new Set<string>();
    for (const { name } of groups) {
      if (names.has(name)) node.report(`groupname: ${JSON.stringify(name)} is repeated in the same file`);
      names.add(name);
    }
    return { file, groups };
  });
}

export function parseRuleFile(source: string, { file }: { readonly file: string }): d.DecodedFile<RuleFile> {
  return d.decodeYaml(source, decodeGroups(file), { file });
}
