/** Which web origins a list allows: whole origins such as `https://shop.example`, with `*` for any run of characters. */
export function createOriginTest(origins: readonly string[]): (origin: string) => boolean {
  const patterns = origins.map((origin) => {
    const text = origin
      .toLowerCase()
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${text}$`);
  });
  return (origin) => patterns.some((pattern) => pattern.test(origin.toLowerCase()));
}
