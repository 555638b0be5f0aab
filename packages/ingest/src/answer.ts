/** Results into HTTP responses: OTLP's export responses, and google.rpc.Status for everything else. */
import { HEADER, type Signal } from '@sluice/core/names';
import {
  type Encoding,
  encodeExportResponse,
  encodeStatus,
  type PartialSuccess,
} from '@sluice/otlp/responses';
import { MEDIA_TYPE } from './media-type.ts';
import { type Refusal, type RefusalStatus, RPC_CODE } from './refusal.ts';

/** 200 with an ExportServiceResponse; its partial_success is unset when nothing is to be said (OTLP spec § Full Success). */
export function answerExport(signal: Signal, encoding: Encoding, partial: PartialSuccess): Response {
  return respond(200, encoding, encodeExportResponse(signal, encoding, partial));
}

/** A google.rpc.Status in the request's encoding (OTLP spec § Failures); without a body for HEAD. */
export function answerRefusal(refusal: Refusal, encoding: Encoding, method: string): Response {
  const { httpStatus, message, retryAfterSeconds } = refusal;
  const body = encodeStatus(encoding, {
    code: RPC_CODE[httpStatus],
    message,
    ...(retryAfterSeconds === undefined ? {} : { retryDelayMs: retryAfterSeconds * 1000 }),
  });
  const response = respond(httpStatus, encoding, method === 'HEAD' ? null : body);
  for (const [name, value] of Object.entries(refusal.headers ?? {})) response.headers.set(name, value);
  if (retryAfterSeconds !== undefined) response.headers.set(HEADER.retryAfter, String(retryAfterSeconds));
  return response;
}

/** The google.rpc.Status, as JSON, of what was refused before a request could be made of it. */
export function toStatusBody(httpStatus: number, message: string): { code: number; message: string } {
  return { code: RPC_CODE[httpStatus as RefusalStatus] ?? RPC_CODE[400], message };
}

function respond(status: number, encoding: Encoding, body: Uint8Array | null): Response {
  return new Response(body as Uint8Array<ArrayBuffer> | null, {
    status,
    headers: { 'content-type': MEDIA_TYPE[encoding], 'cache-control': 'no-store' },
  });
}
