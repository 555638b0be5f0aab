/** Sends one prepared request; what is too large for the server goes in halves, on item borders. */
import { splitRequest } from '@sluice/otlp/split-request';
import type { Post, PostOutcome } from './post-request.ts';
import type { PreparedRequest } from './request-document.ts';

const TOO_LARGE = 413;

/** One outcome, or several when the request had to be split. */
export async function deliverRequest(
  { document, signal, protobuf, items }: PreparedRequest,
  post: Post,
): Promise<readonly (PostOutcome & { readonly items: number })[]> {
  const first = await post({ ...document, signal });
  if (protobuf === undefined || !isTooLarge(first)) return [{ ...first, items }];

  const outcomes: (PostOutcome & { readonly items: number })[] = [];
  const waiting = splitRequest(signal, protobuf, Math.ceil(protobuf.length / 2)).slice();
  if (waiting.length < 2) return [{ ...first, items }];
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    const outcome = await post({ bytes: part.bytes, encoding: 'protobuf', signal });
    const halves = isTooLarge(outcome)
      ? splitRequest(signal, part.bytes, Math.ceil(part.bytes.length / 2))
      : [];
    if (halves.length > 1) waiting.unshift(...halves);
    else outcomes.push({ ...outcome, items: part.items });
  }
  return outcomes;
}

function isTooLarge(outcome: PostOutcome): boolean {
  return outcome.status === 'refused' && outcome.httpStatus === TOO_LARGE;
}
