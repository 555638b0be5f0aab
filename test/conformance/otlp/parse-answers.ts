/** HTTP/1.1 answers as they lie on a connection, one behind the other. */
export interface ParsedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** The whole answers at the start of `bytes`; interim ones (1xx) are left out, and what is not whole yet is not counted. */
export function parseAnswers(bytes: Buffer): readonly ParsedAnswer[] {
  const answers: ParsedAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return answers;
    const [statusLine = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const after = rest.subarray(headEnd + 4);
    const body =
      status < 200 || status === 204 ? { body: after.subarray(0, 0), end: 0 } : readBody(after, headers);
    if (body === undefined) return answers;
    if (status >= 200) answers.push({ status, headers, body: body.body });
    rest = after.subarray(body.end);
  }
}

function readBody(
  bytes: Buffer,
  headers: Readonly<Record<string, string | undefined>>,
): { readonly body: Buffer; readonly end: number } | undefined {
  if (headers['transfer-encoding']?.toLowerCase() !== 'chunked') {
    const length = Number(headers['content-length'] ?? 0);
    return bytes.length < length ? undefined : { body: bytes.subarray(0, length), end: length };
  }
  const chunks: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', offset);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(offset, lineEnd).toString('latin1'), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end: start + 2 };
    chunks.push(bytes.subarray(start, start + size));
    offset = start + size + 2;
  }
}
