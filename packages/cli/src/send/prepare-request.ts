/** Which signal a document is of, and what our own validation says of it before anything is sent. */
import { describeError, PermanentError } from '@sluice/core/errors';
import { SIGNALS, type Signal } from '@sluice/core/names';
import { OtlpFormatError } from '@sluice/otlp/format-error';
import { describeJsonFault } from '@sluice/otlp/json-fault';
import { convertJsonRequest } from '@sluice/otlp/json-request';
import { type Validation, validateRequest } from '@sluice/otlp/validate';
import type { LocalVerdict, PreparedRequest, RequestDocument } from './request-document.ts';

export interface PrepareOptions {
  /** From `--signal`; otherwise the content decides. */
  readonly signal?: Signal;
  readonly nowMs: number;
}

/** @throws PermanentError when the content does not tell the signal. */
export function prepareRequest(document: RequestDocument, options: PrepareOptions): PreparedRequest {
  return document.encoding === 'json' ? prepareJson(document, options) : prepareProtobuf(document, options);
}

function prepareJson(document: RequestDocument, { signal: wanted, nowMs }: PrepareOptions): PreparedRequest {
  const signal = wanted ?? signalOfJson(document.bytes);
  try {
    const { bytes, warnings } = convertJsonRequest(signal, document.bytes);
    return judge({ document, signal, protobuf: bytes, warnings }, validateRequest(signal, bytes, { nowMs }));
  } catch (error) {
    if (!(error instanceof OtlpFormatError)) throw error;
    return { document, signal, items: 0, verdict: { status: 'malformed', reason: describeError(error) } };
  }
}

function prepareProtobuf(
  document: RequestDocument,
  { signal: wanted, nowMs }: PrepareOptions,
): PreparedRequest {
  const { bytes } = document;
  if (bytes.length === 0 && wanted === undefined)
    throw new PermanentError('the file is empty: --signal says what it is meant to be');
  const candidates = (wanted === undefined ? SIGNALS : [wanted]).map((signal) => ({
    signal,
    validation: validateRequest(signal, bytes, { nowMs }),
  }));
  const best = candidates.reduce((a, b) => (scoreOf(b.validation) > scoreOf(a.validation) ? b : a));
  if (wanted === undefined && scoreOf(best.validation) < 0) {
    const { validation } = candidates[0]!;
    const why = validation.status === 'malformed' ? ` (read as traces: ${validation.message})` : '';
    throw new PermanentError(
      `not an OTLP request of any signal${why}; --signal says which one it is meant to be`,
    );
  }
  return judge({ document, signal: best.signal, protobuf: bytes, warnings: [] }, best.validation);
}

/** Good items speak for a signal, bad ones and warnings against it. */
function scoreOf(validation: Validation): number {
  if (validation.status !== 'ok') return -1;
  const { items, rejected, warnings } = validation;
  return (items + 1) / (items + rejected + warnings.length + 1);
}

interface Judged extends Pick<PreparedRequest, 'document' | 'signal'> {
  readonly protobuf: Uint8Array;
  readonly warnings: readonly string[];
}

function judge({ document, signal, protobuf, warnings }: Judged, validation: Validation): PreparedRequest {
  if (validation.status !== 'ok') {
    return { document, signal, items: 0, verdict: { status: 'malformed', reason: validation.message } };
  }
  const { items, rejected, rejections } = validation;
  const verdict: LocalVerdict = {
    status: 'ok',
    rejected,
    reasons: rejections.map(({ reason, count, example }) => `${reason} (${count}): ${example}`),
    warnings: [...warnings, ...validation.warnings],
  };
  return { document, signal, items: items + rejected, protobuf, verdict };
}

const KEY_OF_SIGNAL: Readonly<Record<Signal, RegExp>> = {
  traces: /^resource_?spans$/i,
  logs: /^resource_?logs$/i,
  metrics: /^resource_?metrics$/i,
};
/** For text that is no JSON, so that the server can say what is wrong with it. */
const KEY_IN_TEXT = /"(resource_?(?:spans|logs|metrics))"/i;

function signalOfJson(bytes: Uint8Array): Signal {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  const keys = topLevelKeys(text) ?? KEY_IN_TEXT.exec(text)?.slice(1);
  if (keys === undefined) throw new PermanentError(`this is not JSON: ${describeJsonFault(text)}`);
  const signal = SIGNALS.find((known) => keys.some((key) => KEY_OF_SIGNAL[known].test(key)));
  if (signal !== undefined) return signal;
  const shown = keys.slice(0, 3).map((key) => JSON.stringify(key));
  throw new PermanentError(
    `cannot tell the signal: ${shown.length === 0 ? 'there is no top-level key' : `the top-level keys are ${shown.join(', ')}`}, none of resourceSpans, resourceLogs, resourceMetrics; --signal says which one it is meant to be`,
  );
}

function topLevelKeys(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  } catch {
    return undefined;
  }
}
