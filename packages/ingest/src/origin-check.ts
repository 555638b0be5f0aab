/**
 * Whether a request came through the CDN in front of a function: only the CDN knows the secret that it sends along. The
 * function knows digests of it, so that nothing is learnt from its configuration.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { UsageError } from '@sluice/core/errors';
import { HEADER } from '@sluice/core/names';

export type OriginCheck = (headers: Headers) => boolean;

const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * @param digests SHA-256 in hex of each secret that is good: two while it is being changed, none where there is no CDN
 * @throws UsageError
 */
export function createOriginCheck(digests: readonly string[]): OriginCheck {
  if (digests.length === 0) return () => true;
  const wrong = digests.find((digest) => !SHA256_HEX.test(digest));
  if (wrong !== undefined)
    throw new UsageError(`a digest of the origin secret has ${wrong.length} characters instead of 64 in hex`);
  const known = digests.map((digest) => Buffer.from(digest, 'hex'));
  return (headers) => {
    const found = createHash('sha256')
      .update(headers.get(HEADER.originSecret) ?? '')
      .digest();
    // All of them, and each to its end: time tells nothing.
    return known.map((digest) => timingSafeEqual(digest, found)).includes(true);
  };
}
