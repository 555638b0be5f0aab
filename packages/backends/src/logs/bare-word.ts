/** Byte ranges beside texts: what decides on quotes and on what is known already. */

/** Whether a range holds exactly this text; an absent range (start < 0) is the empty text. */
export function isSame(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return start < 0 && text.length === 0;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

/** Letters, digits and `_ - . : / @ +`: what needs no quotes in logfmt. */
const BARE = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:/@+') {
  BARE[character.charCodeAt(0)] = 1;
}

/** Whether a value may stand in logfmt without quotes. */
export function isBareWord(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || end - start > 128) return false;
  for (let i = start; i < end; i++) if (BARE[bytes[i]!] === 0) return false;
  return true;
}
