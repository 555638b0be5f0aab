/** Texts cut to what a receiver takes, with an ellipsis where something is missing. */

/** By Unicode code points. */
export function truncateRunes(text: string, max: number): { readonly text: string; readonly isCut: boolean } {
  const runes = [...text];
  if (runes.length <= max) return { text, isCut: false };
  if (max <= 3) return { text: runes.slice(0, max).join(''), isCut: true };
  return { text: `${runes.slice(0, max - 1).join('')}…`, isCut: true };
}

/** By UTF-16 units, without cutting a pair in two. */
export function truncateUnits(text: string, max: number): { readonly text: string; readonly isCut: boolean } {
  if (text.length <= max) return { text, isCut: false };
  const cut = text.slice(0, max - 1);
  const whole = /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
  return { text: `${whole}…`, isCut: true };
}
