/**
 * A query as people write it for the records → as CloudWatch Logs takes it. AWS keeps `@` for its own fields,
 * so that `@level` is asked for as `level`; and knows only `#` comments. Everything else goes through as it is.
 */
import { InsightsError } from './insights-error.ts';
import { type Token, tokenizeAll } from './tokens.ts';

export interface RewrittenQuery {
  readonly query: string;
  /** Whether the answer's column `level` was asked for as `@level`. */
  readonly hasLevel: boolean;
  /** The place in the query as it was written, of a place in this one. */
  toSourceOffset(offset: number): number;
}

/** They read other log groups than those that were asked for, and so other tenants' records. */
const FOREIGN = /^(?:source|join|lookup|union|append|subquery)$/i;

/** @throws InsightsError */
export function rewriteQuery(source: string): RewrittenQuery {
  const tokens = tokenizeAll(source, { isLenient: true });
  refuseForeign(source, tokens);
  const cuts: number[] = [];
  let query = '';
  let at = 0;
  let hasPlainLevel = false;
  for (const { kind, text, offset, end } of tokens) {
    query += source.slice(at, offset);
    const written = source.slice(offset, end);
    if (kind === 'comment' && text.startsWith('--')) query += `# ${text.slice(2)}`;
    else if (kind === 'name' && text === '@level') {
      query += written.replace('@level', 'level');
      cuts.push(query.length);
    } else query += written;
    if (kind === 'name' && text === 'level') hasPlainLevel = true;
    at = end;
  }
  return {
    query,
    hasLevel: cuts.length > 0 && !hasPlainLevel,
    toSourceOffset: (offset) => offset + cuts.filter((cut) => cut <= offset).length,
  };
}

/** Wherever a command may begin, also inside of brackets. */
function refuseForeign(source: string, tokens: readonly Token[]): void {
  const words = tokens.filter(({ kind }) => kind !== 'comment');
  words.forEach(({ kind, text, offset }, i) => {
    const before = words[i - 1];
    const begins = before === undefined || (before.kind === 'operator' && /^[|({[]$/.test(before.text));
    if (begins && kind === 'name' && FOREIGN.test(text))
      throw new InsightsError(
        source,
        offset,
        `${JSON.stringify(text)} would read other log groups: choose them with "groups"`,
      );
  });
}
