/** Makes text from outside fit for a log line or a dead-letter reason: one line, short, without secrets. */
const MAX_CHARS = 500;

/** `secrets` are replaced wherever they stand, and so is whatever follows `Bearer` or `Basic`. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  return clean
    .replaceAll(/\b(Bearer|Basic)\s+[^\s"']+/gi, '$1 [redacted]')
    .replaceAll(/:\/\/[^/\s@]+@/g, '://[redacted]@')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_CHARS);
}
