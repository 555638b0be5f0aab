/** Events as people read them: a line each, or one whole. */
import { type Style, safeText } from '../terminal-text.ts';
import { type Column, renderTable } from '../text-table.ts';
import type { NumberedEvent } from './audit-client.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TIME' },
  { title: 'LEVEL' },
  { title: 'TYPE' },
  { title: 'ACTOR' },
  { title: 'ACTION' },
  { title: 'TARGETS' },
  { title: 'RESULT' },
  { title: 'ID' },
];
const LEVEL_COLUMN = 1;
const LONGEST_CELL = 40;

export function renderEvents(events: readonly NumberedEvent[], style: Style): string {
  return renderTable(COLUMNS, events.map(toCells), {
    style,
    paint: (cell, { column }) => (column === LEVEL_COLUMN ? paintLevel(cell, style) : cell),
  });
}

/** For a tail: columns cannot be aligned to what is still to come. */
export function renderLine(event: NumberedEvent, style: Style): string {
  const [time = '', level = '', ...rest] = toCells(event).map(safeText);
  return `${style.dim(time)} ${paintLevel(level.padEnd(8), style)} ${rest.filter((cell) => cell !== '').join('  ')}\n`;
}

/** Every field on a line of its own. */
export function renderEvent(event: NumberedEvent, style: Style): string {
  const entries = Object.entries(event);
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${style.dim(safeText(name).padEnd(width))}  ${safeText(text)}\n`;
    })
    .join('');
}

export function actorOf({ actor, actorRef = '', erased }: NumberedEvent): string {
  return actor?.id ?? (erased === undefined ? actorRef : `erased ${actorRef.slice(0, 8)}`);
}

function toCells(event: NumberedEvent): readonly string[] {
  const { time, level, type, action, targets, result, id } = event;
  const cells = [
    time,
    level,
    type,
    actorOf(event),
    action,
    targets.map((target) => target.id).join(' '),
    result,
  ];
  return [...cells.map(shorten), id];
}

function shorten(text: string): string {
  return text.length <= LONGEST_CELL ? text : `${text.slice(0, LONGEST_CELL - 1)}…`;
}

function paintLevel(cell: string, style: Style): string {
  const level = cell.trim();
  if (level === 'CRITICAL' || level === 'ERROR') return style.red(cell);
  return level === 'WARNING' ? style.yellow(cell) : cell;
}
