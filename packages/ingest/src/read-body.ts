/**
 * Reads a request's body up to a limit of size and of time: what is announced larger is not kept, what grows
 * larger is stopped, and who sends a byte now and then does not hold a connection for ever.
 */
import type { Clock } from '@sluice/core/ports/clock';
import { type Refusal, refuse } from './refusal.ts';

export type BodyOutcome = { readonly status: 'ok'; readonly body: Uint8Array } | Refusal;

/**
 * So many bytes beyond the limit are read and thrown away before 413 is answered. A client that is still
 * writing when the connection closes sees a broken pipe in place of the answer, and sends the same again.
 */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

/** For the whole body. OTLP exporters give up after 10 s of their own (OTEL_EXPORTER_OTLP_TIMEOUT). */
export const BODY_TIMEOUT_MS = 30_000;

export interface BodyDeadline {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly timeoutMs: number;
}

/** Without a deadline it waits for as long as the server does. */
export async function readBody(
  request: Request,
  maxBytes: number,
  deadline?: BodyDeadline,
): Promise<BodyOutcome> {
  if (deadline === undefined) return readWhole(request, maxBytes);
  const { clock, timeoutMs } = deadline;
  const settled = new AbortController();
  try {
    return await Promise.race([
      readWhole(request, maxBytes),
      clock.sleep(timeoutMs, settled.signal).then(() => tooSlow(timeoutMs)),
    ]);
  } finally {
    settled.abort();
  }
}

async function readWhole(request: Request, maxBytes: number): Promise<BodyOutcome> {
  const announced = parseLength(request.headers.get('content-length'));
  try {
    if (announced !== undefined && announced > maxBytes) {
      return tooLarge(maxBytes, await discard(request, announced));
    }
    // With a length announced the server stops the body there, so that it may be taken in one piece.
    const body =
      announced === undefined
        ? await readStream(request, maxBytes)
        : new Uint8Array(await request.arrayBuffer());
    if (!(body instanceof Uint8Array)) return body;
    if (body.length > maxBytes) return tooLarge(maxBytes, true);
    if (announced !== undefined && body.length !== announced) {
      return refuse(400, `content-length says ${announced} bytes, but the body has ${body.length}`);
    }
    return { status: 'ok', body };
  } catch {
    return refuse(400, 'the body ended before its end was reached; send the request again');
  }
}

async function readStream(request: Request, maxBytes: number): Promise<Uint8Array | Refusal> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of request.body ?? []) {
    total += chunk.length;
    if (total <= maxBytes) chunks.push(chunk);
    else if (total > maxBytes + MAX_DISCARDED_BYTES) return tooLarge(maxBytes, false);
  }
  if (total > maxBytes) return tooLarge(maxBytes, true);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total);
}

/** Whether all of it was read, so that the connection can serve another request. */
async function discard(request: Request, announced: number): Promise<boolean> {
  if (announced > MAX_DISCARDED_BYTES) return false;
  for await (const _ of request.body ?? []);
  return true;
}

function parseLength(header: string | null): number | undefined {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function tooLarge(maxBytes: number, readToEnd: boolean): Refusal {
  const message = `the body is larger than the ${maxBytes} bytes that are taken: send smaller batches`;
  return refuse(413, message, readToEnd ? undefined : { connection: 'close' });
}

function tooSlow(timeoutMs: number): Refusal {
  const message = `the body did not arrive within ${timeoutMs / 1000} s: send the request again`;
  return refuse(408, message, { connection: 'close' });
}
