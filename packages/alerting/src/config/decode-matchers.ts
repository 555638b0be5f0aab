/** The three ways to write matchers in `alertmanager.yml`: `match`, `match_re` and `matchers`, with a prefix in inhibition rules. */
import * as d from '@sluice/config/decoder';
import { createMatcher, type LabelMatcher, sortMatchers } from '../match/matcher.ts';
import { parseMatchers } from '../match/parse-matchers.ts';

type Prefix = '' | 'source_' | 'target_';

const equalities: d.Decoder<readonly LabelMatcher[]> = d.mapped(d.mapOf(d.text), (map) =>
  [...map].map(([name, value]) => createMatcher(name, '=', value)),
);

const expressions: d.Decoder<readonly LabelMatcher[]> = d.mapped(d.mapOf(d.text), (map, node) =>
  [...map].flatMap(([name, value]) => {
    try {
      return [createMatcher(name, '=~', value)];
    } catch (error) {
      node.report(error instanceof Error ? error.message : String(error));
      return [];
    }
  }),
);

const matcherText: d.Decoder<readonly LabelMatcher[]> = d.mapped(d.text, (text, node) => {
  try {
    return parseMatchers(text);
  } catch (error) {
    node.report(error instanceof Error ? error.message : String(error));
    return undefined;
  }
});

const matcherList: d.Decoder<readonly LabelMatcher[]> = d.mapped(d.listOf(matcherText), (lists) =>
  lists.flat(),
);

type MatcherField = d.Field<readonly LabelMatcher[]>;
type MatcherFields<P extends Prefix> = Readonly<
  Record<`${P}match` | `${P}match_re` | `${P}matchers`, MatcherField>
>;

export function matcherFields<P extends Prefix>(prefix: P): MatcherFields<P> {
  return {
    [`${prefix}match`]: d.withDefault(equalities, []),
    [`${prefix}match_re`]: d.withDefault(expressions, []),
    [`${prefix}matchers`]: d.withDefault(matcherList, []),
  } as MatcherFields<P>;
}

/** All of them together, in the order in which Alertmanager keeps them. */
export function matchersOf(
  value: Readonly<Record<string, unknown>>,
  prefix: Prefix,
): readonly LabelMatcher[] {
  const field = (name: string): readonly LabelMatcher[] =>
    (value[prefix + name] ?? []) as readonly LabelMatcher[];
  return sortMatchers([...field('match'), ...field('match_re'), ...field('matchers')]);
}
