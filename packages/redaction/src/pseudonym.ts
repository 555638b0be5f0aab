/** Pseudonyms: the same value gets the same one, and only who has the secret can tell which value that is. */
import { createHmac } from 'node:crypto';

export type Pseudonymizer = (text: string) => string;

const MARK = 'hmac:';
/** 128 bits: no two values of one attribute meet by chance. */
const HEX_CHARS = 32;

/** HMAC-SHA-256 (RFC 2104) of the text, as `hmac:` and 32 hex digits. What is one already stays. */
export function createPseudonymizer(secret: string): Pseudonymizer {
  return (text) => {
    if (isPseudonym(text)) return text;
    return `${MARK}${createHmac('sha256', secret).update(text).digest('hex').slice(0, HEX_CHARS)}`;
  };
}

function isPseudonym(text: string): boolean {
  return text.length === MARK.length + HEX_CHARS && /^hmac:[0-9a-f]{32}$/.test(text);
}
