/** Takes secrets out of a text that people will read. */
export function redact(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret.length >= 4)
      safe = safe.replaceAll(secret, '<redacted>').replaceAll(encodeURIComponent(secret), '<redacted>');
  }
  return safe.replaceAll(/https?:\/\/[^\s"'<>]+/g, (url) =>
    URL.canParse(url) ? `${new URL(url).origin}/<redacted>` : '<redacted>',
  );
}
