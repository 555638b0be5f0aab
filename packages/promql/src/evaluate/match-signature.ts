/** What makes series of two sides belong together: their labels as far as `on` or `ignoring` looks at them. */
import { dropLabels, keepLabels, type Labels, labelsKey, METRIC_NAME } from '../model/labels.ts';
import type { VectorMatching } from '../parse/ast.ts';

/** Labels that take part in the matching; without `on` never the metric's name. */
export function matchLabels({ labels, isOn }: VectorMatching): (of: Labels) => Labels {
  const names = new Set(isOn ? labels : [...labels, METRIC_NAME]);
  return (of) => (isOn ? keepLabels(of, names) : dropLabels(of, names));
}

export function signatureOf(matching: VectorMatching): (of: Labels) => string {
  const match = matchLabels(matching);
  return (of) => labelsKey(match(of));
}
