/** Which of OTLP's two encodings a Content-Type names (OTLP spec § OTLP/HTTP: Binary and JSON Protobuf Encoding). */
import type { Encoding } from '@sluice/otlp/responses';

export const MEDIA_TYPE: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** `application/protobuf` is not in the OTLP spec, but it is the registered name and some clients send it. */
const ENCODING_BY_TYPE: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/json', 'json'],
]);

/** `type/subtype` and parameters as in RFC 9110 § 8.3.1; values are tokens or quoted strings. */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const MEDIA_TYPE_PATTERN = new RegExp(
  `^(${TOKEN}/${TOKEN})((?:\\s*;\\s*(?:${TOKEN}=(?:${TOKEN}|"[^"]*"))?)*)$`,
);
const CHARSET_PATTERN = /;\s*charset="?([^\s;"]+)"?/i;

/** `undefined` for a type that is absent, damaged or not OTLP's, and for JSON that is not in UTF-8 (RFC 8259 § 8.1). */
export function parseMediaType(header: string | null | undefined): Encoding | undefined {
  if (header === 'application/x-protobuf') return 'protobuf';
  const match = MEDIA_TYPE_PATTERN.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const encoding = ENCODING_BY_TYPE.get(match[1]!.toLowerCase());
  const charset = CHARSET_PATTERN.exec(match[2]!)?.[1]?.toLowerCase();
  if (encoding === 'json' && charset !== undefined && !/^(utf-?8|us-ascii)$/.test(charset)) return undefined;
  return encoding;
}
