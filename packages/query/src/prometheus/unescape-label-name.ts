/** Label names of any characters in a URL path: `U__` and then `_HEX_` for what an old name could not hold. */

const PREFIX = 'U__';

/** The name itself when it is not escaped, or not properly. Source: Prometheus escaping schemes, "values". */
export function unescapeLabelName(name: string): string {
  if (!name.startsWith(PREFIX)) return name;
  const body = name.slice(PREFIX.length);
  if (!/^(?:[^_]|__|_[0-9a-f]{1,6}_)*$/i.test(body)) return name;
  try {
    return body.replaceAll(/__|_([0-9a-f]{1,6})_/gi, (_, hex?: string) =>
      hex === undefined ? '_' : String.fromCodePoint(toCodePoint(hex)),
    );
  } catch {
    return name;
  }
}

/** @throws RangeError for what is no character. */
function toCodePoint(hex: string): number {
  const code = Number.parseInt(hex, 16);
  if (code >= 0xd800 && code <= 0xdfff) throw new RangeError(`U+${hex} is half of a character`);
  return code;
}
