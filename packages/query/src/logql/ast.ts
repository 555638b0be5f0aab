/** LogQL expressions as a tree. Names follow Grafana's documentation of LogQL. */
export type MatchOp = '=' | '!=' | '=~' | '!~';

export interface StreamMatcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

export type LineFilterOp = '|=' | '!=' | '|~' | '!~' | '|>' | '!>';

export interface LineFilter {
  readonly kind: 'line';
  readonly op: LineFilterOp;
  /** Any of them (`|= "a" or "b"`); for the negative operators, none of them. */
  readonly values: readonly { readonly isIp: boolean; readonly text: string }[];
}

export type LabelFilter =
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly op: '=' | '!=' | '=~' | '!~';
      readonly value: string;
    }
  | {
      readonly kind: 'number' | 'duration' | 'bytes';
      readonly name: string;
      readonly op: '==' | '!=' | '>' | '>=' | '<' | '<=';
      /** Seconds for durations. */
      readonly value: number;
    }
  | { readonly kind: 'ip'; readonly name: string; readonly op: '=' | '!='; readonly value: string }
  | { readonly kind: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter };

/** `path` of the json and logfmt stages: where to read; of labels without one, their own name. */
export interface Extraction {
  readonly label: string;
  readonly path: string;
}

export type Stage =
  | LineFilter
  | { readonly kind: 'label-filter'; readonly filter: LabelFilter }
  | { readonly kind: 'json'; readonly extractions: readonly Extraction[] }
  | {
      readonly kind: 'logfmt';
      readonly extractions: readonly Extraction[];
      readonly isStrict: boolean;
      readonly keepsEmpty: boolean;
    }
  | { readonly kind: 'regexp' | 'pattern'; readonly pattern: string }
  | { readonly kind: 'unpack' | 'decolorize' }
  | { readonly kind: 'line_format'; readonly template: string }
  | {
      readonly kind: 'label_format';
      /** Either renamed from another label, or made by a template. */
      readonly labels: readonly {
        readonly label: string;
        readonly from?: string;
        readonly template?: string;
      }[];
    }
  | LabelSelection;

export interface LabelSelection {
  readonly kind: 'drop' | 'keep';
  readonly labels: readonly { readonly name: string; readonly op?: MatchOp; readonly value?: string }[];
}

export interface LogSelector {
  readonly kind: 'logs';
  readonly matchers: readonly StreamMatcher[];
  readonly stages: readonly Stage[];
}

export interface Unwrap {
  readonly label: string;
  readonly conversion: 'number' | 'duration' | 'bytes';
  /** Label filters behind `| unwrap`. */
  readonly filters: readonly LabelFilter[];
}

export interface Grouping {
  readonly isWithout: boolean;
  readonly labels: readonly string[];
}

export const RANGE_OPERATIONS = [
  'rate',
  'count_over_time',
  'bytes_rate',
  'bytes_over_time',
  'absent_over_time',
  'rate_counter',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'quantile_over_time',
  'first_over_time',
  'last_over_time',
] as const;
export type RangeOperation = (typeof RANGE_OPERATIONS)[number];

export const AGGREGATIONS = [
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'sort',
  'sort_desc',
] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

export const BINARY_OPERATORS = [
  'or',
  'and',
  'unless',
  '==',
  '!=',
  '>',
  '>=',
  '<',
  '<=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
] as const; // prettier-ignore
export type BinaryOperator = (typeof BINARY_OPERATORS)[number];

export interface VectorMatching {
  /** With `on` the listed labels, else all but the listed ones. */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  readonly group?: 'left' | 'right';
  /** Labels taken over from the side of one. */
  readonly include: readonly string[];
}

export type MetricExpr =
  | {
      readonly kind: 'range';
      readonly operation: RangeOperation;
      readonly selector: LogSelector;
      readonly unwrap?: Unwrap;
      readonly rangeMs: number;
      readonly offsetMs: number;
      /** Of quantile_over_time. */
      readonly parameter?: number;
      readonly grouping?: Grouping;
    }
  | {
      readonly kind: 'aggregation';
      readonly operation: Aggregation;
      readonly parameter?: number;
      readonly grouping?: Grouping;
      readonly expr: MetricExpr;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: MetricExpr;
      readonly right: MetricExpr;
      readonly isBool: boolean;
      readonly matching?: VectorMatching;
    }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'vector'; readonly value: number }
  | {
      readonly kind: 'label_replace';
      readonly expr: MetricExpr;
      readonly target: string;
      readonly replacement: string;
      readonly source: string;
      readonly regex: string;
    };

export type LogqlExpr = LogSelector | MetricExpr;
