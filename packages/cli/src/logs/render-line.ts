/** One log line for people: its time, level and service, then what it says. */
import { type Style, safeText } from '../terminal-text.ts';
import type { LogLine } from './log-answer.ts';

export interface LineStyle {
  readonly style: Style;
  /** The line as it is stored, and nothing else. */
  readonly isRaw: boolean;
}

const PAINT: Readonly<Record<string, keyof Style>> = {
  TRACE: 'dim',
  DEBUG: 'dim',
  INFO: 'green',
  WARN: 'yellow',
  ERROR: 'red',
  FATAL: 'red',
  AUDIT: 'bold',
  SECURITY: 'bold',
};
const LEVEL_WIDTH = 5;

/** Fields that the line shows in other places, or that say the same again. */
const SHOWN = /^(?:@.*|timestamp|level|message|service|resource|scope)$/;

/** Without a line feed; nothing in it can steer the terminal. */
export function renderLine({ timeNs, line, labels }: LogLine, { style, isRaw }: LineStyle): string {
  if (isRaw) return safeText(line);
  const record = parseRecord(line);
  const level = textOf(record?.level ?? labels.level).toUpperCase();
  const paint = PAINT[level];
  const shownLevel = safeText(level).padEnd(LEVEL_WIDTH);
  const head = [
    style.dim(new Date(Number(timeNs / 1_000_000n)).toISOString()),
    paint === undefined ? shownLevel : style[paint](shownLevel),
    style.bold(safeText(textOf(record?.service ?? labels.service))),
  ].join(' ');
  if (record === undefined) return `${head} ${safeText(line)}`;
  const fields = Object.entries(record)
    .filter(([name]) => !SHOWN.test(name))
    .map(([name, value]) => `${safeText(name)}=${safeText(textOf(value))}`);
  const tail = fields.length === 0 ? '' : ` ${style.dim(fields.join(' '))}`;
  return `${head} ${safeText(textOf(record.message))}${tail}`;
}

/** The JSON object that a line starts with; ids may follow it as plain text. */
function parseRecord(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  for (let end = line.lastIndexOf('}'); end > 0; end = line.lastIndexOf('}', end - 1)) {
    try {
      return JSON.parse(line.slice(0, end + 1)) as Record<string, unknown>;
    } catch {
      // A brace behind the object; there are as many as somebody wrote into an id.
      if (line.length - end > 10_000) return undefined;
    }
  }
  return undefined;
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
