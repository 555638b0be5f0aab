/** Which compression a Content-Encoding names. */
export type ContentCoding = 'identity' | 'gzip' | 'deflate' | 'zstd';

/** Answered with a 415 in Accept-Encoding, so that the client learns what would have worked (RFC 9110 § 15.5.16). */
export const ACCEPTED_CODINGS = 'gzip, zstd, deflate, identity';

const CODING_BY_NAME: ReadonlyMap<string, ContentCoding> = new Map([
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  // RFC 9110 § 8.4.1.3: recipients should treat it as gzip.
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
]);

/**
 * `undefined` for an unknown coding and for more than one on top of each other: nothing sends a body
 * compressed twice, and each further layer multiplies what a bomb can reach.
 */
export function parseContentCoding(header: string | null | undefined): ContentCoding | undefined {
  const layers = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => CODING_BY_NAME.get(name));
  if (layers.includes(undefined)) return undefined;
  const real = layers.filter((coding) => coding !== 'identity');
  return real.length > 1 ? undefined : (real[0] ?? 'identity');
}
