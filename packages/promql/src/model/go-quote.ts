/** A text in quotes as Go writes it (`%q`), which is how names and values stand in Prometheus' messages. */
export function goQuote(text: string): string {
  return (
    JSON.stringify(text)
      // JSON has \u00NN for control characters, Go \xNN; bytes that are no UTF-8 are kept as surrogates.
      .replaceAll(/\\u00([01][0-9a-f])/g, '\\x$1')
      .replaceAll(/\\udc([89a-f][0-9a-f])/g, '\\x$1')
      .replaceAll('\u007f', '\\x7f')
  );
}
