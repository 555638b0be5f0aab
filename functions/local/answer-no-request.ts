/**
 * Answers what is no request that an app could be given: bytes that are not HTTP, heads that are too large or
 * come too slowly, targets and hosts that make no URL. Clients read a reason here as everywhere else.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { describeError } from '@sluice/core/errors';

/** What the body of such an answer is, as JSON. */
export type ToErrorBody = (httpStatus: number, message: string) => unknown;

interface Fault {
  readonly httpStatus: number;
  readonly message: string;
  /** A set-up that cannot work and whose client may not show the answer. */
  readonly isWrongProtocol?: true;
}

/** The statuses that Node's own answers have, by the code of the error (node:http § Event: 'clientError'). */
const FAULTS: Readonly<Record<string, Fault>> = {
  HPE_HEADER_OVERFLOW: { httpStatus: 431, message: 'the header fields are larger than 16 KiB' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { httpStatus: 413, message: 'the chunk extensions are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { httpStatus: 408, message: 'the request did not arrive in time: send it again' },
  HPE_PAUSED_H2_UPGRADE: {
    httpStatus: 400,
    message:
      'this is HTTP/2, as exporters of OTLP/gRPC speak it, and HTTP/1.1 is spoken here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    isWrongProtocol: true,
  },
};
const TLS: Fault = {
  httpStatus: 400,
  message: 'this is TLS, and plain HTTP is spoken here: write http:// in place of https://',
  isWrongProtocol: true,
};
/** Content type of the first record of a TLS connection (RFC 8446 § 5.1). */
const TLS_HANDSHAKE = 0x16;

export interface AnswerOptions {
  readonly toErrorBody: ToErrorBody;
  /** Told of what the one who runs this has to know. */
  readonly warn: (message: string) => void;
}

/** For an error that was thrown before or beside the app's own answers. */
export function answerUnreadable(error: unknown, { toErrorBody, warn }: AnswerOptions): Response {
  const isUnreadable = error instanceof RequestError;
  const httpStatus = isUnreadable ? 400 : 500;
  const message = isUnreadable
    ? `the request cannot be read: ${error.message}`
    : 'the request could not be answered';
  if (!isUnreadable) warn(`${message}: ${describeError(error)}`);
  return Response.json(toErrorBody(httpStatus, message), { status: httpStatus });
}

/** For a connection on which no request could be read; it ends with the answer. */
export function answerNoHttp(
  error: NodeJS.ErrnoException & { readonly rawPacket?: Uint8Array },
  socket: Duplex,
  { toErrorBody, warn }: AnswerOptions,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
    socket.destroy(error);
    return;
  }
  const { httpStatus, message, isWrongProtocol = false } = faultOf(error);
  if (isWrongProtocol) warn(message);
  const body = JSON.stringify(toErrorBody(httpStatus, message));
  const head = [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function faultOf(error: Parameters<typeof answerNoHttp>[0]): Fault {
  if (error.rawPacket?.[0] === TLS_HANDSHAKE) return TLS;
  const message = `this is not HTTP that can be read: ${error.message}`;
  return FAULTS[error.code ?? ''] ?? { httpStatus: 400, message };
}

/** Whether the answer to an earlier request is on its way, into which nothing may be written. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: { readonly headersSent: boolean } | null };
  return message?.headersSent === true;
}
