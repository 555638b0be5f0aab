/** What the lexer yields: operators, keywords and the words Prometheus' messages have for them. */
import { goQuote } from '../model/go-quote.ts';
import type { PositionRange } from './position.ts';

export type TokenKind =
  | 'eof'
  | 'error'
  | 'identifier'
  | 'metric-identifier'
  | 'string'
  | 'number'
  | 'duration'
  | 'operator'
  | 'aggregator'
  | 'keyword'
  | 'preprocessor'
  | 'punctuation';

export interface Token extends PositionRange {
  readonly kind: TokenKind;
  /** As written; keywords, operators and aggregators are recognised by `word`. */
  readonly text: string;
  /** Lower-case name of a keyword, or the characters of an operator or punctuation. */
  readonly word: string;
}

export const AGGREGATORS = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
] as const;
export type Aggregator = (typeof AGGREGATORS)[number];

/** Words with a meaning outside braces; all of them may still name a metric or a grouping label, save a few. */
export const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...(['and', 'or', 'unless', 'atan2'] as const).map((word) => [word, 'operator'] as const),
  ...AGGREGATORS.map((word) => [word, 'aggregator'] as const),
  ...(
    [
      'offset',
      'smoothed',
      'anchored',
      'by',
      'without',
      'on',
      'ignoring',
      'group_left',
      'group_right',
      'fill',
      'fill_left',
      'fill_right',
      'bool',
    ] as const
  ).map((word) => [word, 'keyword'] as const),
  ...(['start', 'end', 'step', 'range', 'max_of', 'min_of'] as const).map(
    (word) => [word, 'preprocessor'] as const,
  ),
  ['inf', 'number'],
  ['nan', 'number'],
]);

/** Keywords that cannot be a metric name, since they would be ambiguous behind an operator. */
export const NOT_METRIC_NAMES: ReadonlySet<string> = new Set([
  'bool',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'atan2',
]);

/** How Prometheus names a token in `unexpected …`. */
export function describeToken({ kind, text }: Token): string {
  switch (kind) {
    case 'eof':
      return 'end of input';
    case 'error':
      return text;
    case 'identifier':
      return `identifier ${goQuote(text)}`;
    case 'metric-identifier':
      return `metric identifier ${goQuote(text)}`;
    case 'string':
    case 'number':
    case 'duration':
      return `${kind} ${shorten(text)}`;
    case 'operator':
      return text === '=' ? '"="' : `<op:${text}>`;
    case 'aggregator':
      return `<aggr:${text}>`;
    case 'keyword':
      return `<${text}>`;
    case 'preprocessor':
    case 'punctuation':
      return shorten(text);
  }
}

function shorten(text: string): string {
  return text.length > 10 ? `${goQuote(text.slice(0, 10))}...` : goQuote(text);
}
