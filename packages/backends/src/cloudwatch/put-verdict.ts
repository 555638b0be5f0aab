/** What an error of CloudWatch Logs means for the events of a batch, by the name of the error. */
import { describeError } from '@sluice/core/errors';
import type { PushResult } from '@sluice/core/ports/sink';
import { redact } from '../redact.ts';

export type PutVerdict =
  | Extract<PushResult, { readonly status: 'retryable' | 'permanent' }>
  /** Taken before (an answer that nowadays is never given). */
  | { readonly status: 'taken' }
  /** The group or the stream is not there: make it and try again. */
  | { readonly status: 'missing' }
  | { readonly status: 'sequence'; readonly token: string | undefined }
  | { readonly status: 'too-large'; readonly reason: string };

/** Names of errors by what they mean (API Reference § Common Errors and § PutLogEvents). */
const MISCONFIGURED =
  /AccessDenied|UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|OptInRequired|NotAuthorized|CredentialsProviderError|LimitExceeded|UnknownOperation/; // prettier-ignore
const PERMANENT = /InvalidParameter|Validation|Serialization|MalformedQueryString/;
const TOO_LARGE = /too large|exceeds? (?:the )?(?:limit|maximum)|batch size/i;

export function verdictOf(error: unknown, what: string): PutVerdict {
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  const reason = `cloudwatch: ${what}: ${redact(name === '' ? describeError(error) : `${name}: ${message}`)}`;
  if (name === 'DataAlreadyAcceptedException') return { status: 'taken' };
  if (name === 'ResourceNotFoundException') return { status: 'missing' };
  if (name === 'InvalidSequenceTokenException') return { status: 'sequence', token: expectedToken(error) };
  if (statusOf(error) === 413 || (PERMANENT.test(name) && TOO_LARGE.test(message))) {
    return { status: 'too-large', reason };
  }
  if (PERMANENT.test(name)) return { status: 'permanent', reason };
  if (MISCONFIGURED.test(name) || /Region is missing/i.test(message))
    return { status: 'retryable', reason, misconfigured: true };
  // Throttling, 5xx, time-outs, broken connections, and whatever is not known.
  const retryAfterMs = retryAfterOf(error);
  return { status: 'retryable', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } } | null)?.$metadata
    ?.httpStatusCode;
}

/** The header of the answer, in seconds. */
function retryAfterOf(error: unknown): number | undefined {
  const response = (error as { readonly $response?: { readonly headers?: Record<string, string> } } | null)
    ?.$response;
  const seconds = Number(response?.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function expectedToken(error: unknown): string | undefined {
  return (error as { readonly expectedSequenceToken?: string } | null)?.expectedSequenceToken;
}
