/**
 * Query strings and form bodies as Go reads them (net/url.ParseQuery): a pair that is not well formed is left
 * out and the others stand. Some endpoints refuse the request then, most of them do not look.
 */
import { goQuote } from '@sluice/promql/model/go-quote';

export interface GoForm {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** What is wrong with the first pair that was left out, in Go's words. */
  readonly fault?: string;
}

export function parseGoForm(text: string): GoForm {
  const pairs: [string, string][] = [];
  let fault: string | undefined;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const wrong = faultOf(part);
    if (wrong === undefined) pairs.push(...new URLSearchParams(part));
    else fault ??= wrong;
  }
  return fault === undefined ? { pairs } : { pairs, fault };
}

function faultOf(part: string): string | undefined {
  if (part.includes(';')) return 'invalid semicolon separator in query';
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(part);
  return broken === null ? undefined : `invalid URL escape ${goQuote(broken[0])}`;
}
