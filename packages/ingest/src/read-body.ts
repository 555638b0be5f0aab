/** Reads a request's body up to a limit: what is announced larger is not read, what grows larger is stopped. */
import { type Refusal, refuse } from './refusal.ts';

export type BodyOutcome = { readonly status: 'ok'; readonly body: Uint8Array } | Refusal;

export async function readBody(request: Request, maxBytes: number): Promise<BodyOutcome> {
  const announced = parseLength(request.headers.get('content-length'));
  if (announced !== undefined && announced > maxBytes) return tooLarge(maxBytes, announced);
  let body: Uint8Array | undefined;
  try {
    // With a length announced the server stops the body there, so that it may be taken in one piece.
    body =
      announced === undefined
        ? await readStream(request, maxBytes)
        : new Uint8Array(await request.arrayBuffer());
  } catch {
    return refuse(400, 'the body ended before its end was reached; send the request again');
  }
  if (body === undefined || body.length > maxBytes) return tooLarge(maxBytes, body?.length);
  if (announced !== undefined && body.length !== announced) {
    return refuse(400, `content-length says ${announced} bytes, but the body has ${body.length}`);
  }
  return { status: 'ok', body };
}

/** `undefined` when it grew over the limit. */
async function readStream(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of request.body ?? []) {
    total += chunk.length;
    if (total > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, total);
}

function parseLength(header: string | null): number | undefined {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function tooLarge(maxBytes: number, actual: number | undefined): Refusal {
  const size = actual === undefined ? 'more' : `${actual}`;
  return refuse(413, `the body has ${size} bytes; at most ${maxBytes} are taken: send smaller batches`);
}
