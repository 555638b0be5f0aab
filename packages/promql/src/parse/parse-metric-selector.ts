/** A selector alone, as `match[]` parameters and rule filters write it: `name{label="value"}`, nothing around it. */
import type { Matcher } from '../model/matcher.ts';
import { parseVectorSelector } from './parse-selector.ts';
import { SyntaxFault, toQueryError } from './syntax-error.ts';
import { createTokenStream } from './token-stream.ts';

/** All matchers, that of the name last. Throws QueryError `bad_data` with position and reason. */
export function parseMetricSelector(text: string): readonly Matcher[] {
  try {
    const stream = createTokenStream(text);
    const { kind } = stream.peek();
    if (kind === 'eof') throw new SyntaxFault({ start: 0, end: 0 }, 'no expression found in input');
    const hasName = kind === 'identifier' || kind === 'metric-identifier';
    if (!hasName && !stream.is('{')) stream.unexpected();
    const { matchers } = hasName ? parseVectorSelector(stream, stream.next()) : parseVectorSelector(stream);
    if (stream.peek().kind !== 'eof') stream.unexpected();
    return matchers;
  } catch (error) {
    throw error instanceof SyntaxFault ? toQueryError(text, error) : error;
  }
}
