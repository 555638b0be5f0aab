/** Private keys in PEM (RFC 7468): the whole block, or all that follows when its end is missing. */
import type { Match, Matcher } from '../matcher.ts';

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
const MAX_LABEL_CHARS = 64;

export const privateKeyMatcher: Matcher = {
  anchors: '-',
  onIds: true,
  find(text, at): Match | undefined {
    if (!text.startsWith(BEGIN, at)) return undefined;
    const labelAt = at + BEGIN.length;
    const label = text.slice(labelAt, labelAt + MAX_LABEL_CHARS);
    const labelEnd = label.indexOf(DASHES);
    if (labelEnd < 0 || !label.slice(0, labelEnd).endsWith('PRIVATE KEY')) return undefined;
    const bodyAt = labelAt + labelEnd + DASHES.length;
    const endAt = text.indexOf(END, bodyAt);
    const closing = endAt < 0 ? -1 : text.slice(endAt + END.length, endAt + MAX_LABEL_CHARS).indexOf(DASHES);
    const end = closing < 0 ? text.length : endAt + END.length + closing + DASHES.length;
    return { start: at, end, replacement: '[redacted:private-key]' };
  },
};
