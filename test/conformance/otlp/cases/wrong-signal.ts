/** A sound request at another signal's path: refused, and the answer names the path that it belongs to. */
import { SIGNALS } from '@sluice/core/names';
import { post, type Theme } from '../conformance-case.ts';
import { ENCODINGS, expectRefusal } from '../expect-answer.ts';
import { soundJsonRequest } from '../json-payloads.ts';
import { soundRequest } from '../protobuf-payloads.ts';
import type { Target } from '../target.ts';

export const wrongSignal: Theme = {
  name: 'wrong signal',
  cases: SIGNALS.flatMap((actual) =>
    SIGNALS.filter((posted) => posted !== actual).flatMap((posted) =>
      ENCODINGS.map((encoding) => ({
        name: `${actual} posted to /v1/${posted} are refused with the right path (${encoding})`,
        basis: 'promise' as const,
        run: async (target: Target) => {
          const body =
            encoding === 'protobuf' ? soundRequest(actual, 2) : JSON.stringify(soundJsonRequest(actual, 2));
          const answer = await post(target, body, { signal: posted, encoding });
          expectRefusal(answer, { status: 400, encoding, says: new RegExp(`/v1/${actual}`) });
        },
      })),
    ),
  ),
};
