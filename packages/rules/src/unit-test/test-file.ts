/** promtool's files of rule tests. Source: Prometheus documentation, Unit testing for rules. */
import * as d from '@sluice/config/decoder';

export interface TestFile {
  /** Globs, relative to the file's folder. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  readonly groupEvalOrder: readonly string[];
  /** Values may differ in their last bit. */
  readonly fuzzyCompare: boolean;
  readonly tests: readonly TestGroup[];
}

export interface TestGroup {
  readonly name: string;
  /** Distance of the samples of the input series. */
  readonly intervalMs: number;
  readonly inputSeries: readonly { readonly series: string; readonly values: string }[];
  readonly alertTests: readonly AlertTest[];
  readonly expressionTests: readonly ExpressionTest[];
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly externalUrl: string;
  /** Of the first sample and the first evaluation; Unix milliseconds. The times of a test count from it. */
  readonly startMs: number;
}

export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly {
    readonly labels: ReadonlyMap<string, string>;
    readonly annotations: ReadonlyMap<string, string>;
  }[];
}

export interface ExpressionTest {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly expected: readonly {
    readonly labels: string;
    readonly value: number;
    /** In the notation of series, `{{schema:0 …}}`. */
    readonly histogram: string;
  }[];
}

const DEFAULT_INTERVAL_MS = 60_000;
const NOTHING: ReadonlyMap<string, string> = new Map();

const OCTAL = /^([+-]?)0o?([0-7]+)$/;
const OTHER_BASE = /^([+-]?)(0x[\da-f]+|0b[01]+)$/i;
const DECIMAL = /^[+-]?(\.\d+|\d+(\.\d*)?)(e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)\.(inf|Inf|INF)$/;

/** Numbers as Go's YAML takes them: octals of YAML 1.1, `1_000`, `.inf`, and nothing in quotes. */
const float: d.Decoder<number> = (node) => {
  const text = node.isPlain ? node.source.trim().replaceAll('_', '') : '';
  if (/^\.(nan|NaN|NAN)$/.test(text)) return Number.NaN;
  const value = goNumber(text);
  if (value !== undefined) return value;
  node.report(`want a number, got ${JSON.stringify(node.source)}`);
  return undefined;
};

function goNumber(text: string): number | undefined {
  const signed = (sign: string | undefined, size: number): number => (sign === '-' ? -size : size);
  const infinite = INFINITE.exec(text);
  if (infinite) return signed(infinite[1], Number.POSITIVE_INFINITY);
  const octal = OCTAL.exec(text);
  if (octal) return signed(octal[1], Number.parseInt(octal[2]!, 8));
  const other = OTHER_BASE.exec(text);
  if (other) return signed(other[1], Number(other[2]));
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Unix seconds, or RFC 3339. */
const timestampMs: d.Decoder<number> = (node) => {
  const text = node.source.trim();
  const seconds = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const timeMs = Number.isNaN(seconds) ? rfc3339Ms(text) : Math.trunc(seconds * 1000);
  if (timeMs === undefined)
    node.report(`want Unix seconds or a time of RFC 3339, got ${JSON.stringify(text)}`);
  return timeMs;
};

function rfc3339Ms(text: string): number | undefined {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const timeMs = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

const alert = d.mapped(
  d.mapping({
    exp_labels: d.withDefault(d.mapOf(d.text), NOTHING),
    exp_annotations: d.withDefault(d.mapOf(d.text), NOTHING),
  }),
  (value) => ({ labels: value.exp_labels, annotations: value.exp_annotations }),
);

const alertTest = d.mapped(
  d.mapping({
    eval_time: d.withDefault(d.durationMs, 0),
    alertname: d.withDefault(d.text, ''),
    exp_alerts: d.withDefault(d.listOf(alert), []),
  }),
  (value): AlertTest => ({
    evalTimeMs: value.eval_time,
    alertname: value.alertname,
    expected: value.exp_alerts,
  }),
);

const expressionTest = d.mapped(
  d.mapping({
    expr: d.withDefault(d.text, ''),
    eval_time: d.withDefault(d.durationMs, 0),
    exp_samples: d.withDefault(
      d.listOf(
        d.mapping({
          labels: d.withDefault(d.text, ''),
          value: d.withDefault(float, 0),
          histogram: d.withDefault(d.text, ''),
        }),
      ),
      [],
    ),
  }),
  (value): ExpressionTest => ({ expr: value.expr, evalTimeMs: value.eval_time, expected: value.exp_samples }),
);

const testGroup = d.mapping({
  name: d.withDefault(d.text, ''),
  interval: d.withDefault(d.durationMs, 0),
  input_series: d.withDefault(
    d.listOf(d.mapping({ series: d.withDefault(d.text, ''), values: d.withDefault(d.text, '') })),
    [],
  ),
  alert_rule_test: d.withDefault(d.listOf(alertTest), []),
  promql_expr_test: d.withDefault(d.listOf(expressionTest), []),
  external_labels: d.withDefault(d.mapOf(d.text), NOTHING),
  external_url: d.withDefault(d.text, ''),
  start_timestamp: d.withDefault(timestampMs, 0),
});

const testFile = d.mapped(
  d.mapping({
    rule_files: d.withDefault(d.listOf(d.text), []),
    evaluation_interval: d.withDefault(d.durationMs, 0),
    group_eval_order: d.withDefault(d.listOf(d.text), []),
    fuzzy_compare: d.withDefault(d.boolean, false),
    tests: d.withDefault(d.listOf(testGroup), []),
  }),
  (value, node): TestFile => {
    const evaluationIntervalMs = value.evaluation_interval || DEFAULT_INTERVAL_MS;
    const seen = new Set<string>();
    for (const name of value.group_eval_order) {
      if (seen.has(name)) node.report(`group name repeated in evaluation order: ${name}`);
      seen.add(name);
    }
    return {
      ruleFiles: value.rule_files,
      evaluationIntervalMs,
      groupEvalOrder: value.group_eval_order,
      fuzzyCompare: value.fuzzy_compare,
      tests: value.tests.map((test) => ({
        name: test.name,
        intervalMs: test.interval || evaluationIntervalMs,
        inputSeries: test.input_series,
        alertTests: test.alert_rule_test,
        expressionTests: test.promql_expr_test,
        externalLabels: test.external_labels,
        externalUrl: test.external_url,
        startMs: test.start_timestamp,
      })),
    };
  },
);

export function parseTestFile(source: string, { file }: { readonly file: string }): d.DecodedFile<TestFile> {
  return d.decodeYaml(source, testFile, { file });
}
