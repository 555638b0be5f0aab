/** What lines are drawn on: dots of Braille characters (2 x 4 a cell), or one symbol a cell. */

export interface Canvas {
  /** In dots. */
  readonly width: number;
  readonly height: number;
  line(series: number, from: Point, to: Point): void;
  /** Lines of text, from the top; `paint` colours what belongs to a series. */
  rows(paint: (text: string, series: number) => string): string[];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Bits of the dots in a Braille character, by row and column (Unicode § Braille Patterns). */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const BRAILLE = 0x2800;

/** `columns` and `lines` in characters. A cell that several series touch has the colour of the last. */
export function createBrailleCanvas(columns: number, lines: number): Canvas {
  const bits = new Uint8Array(columns * lines);
  return createCanvas(
    { columns, lines, dotsX: 2, dotsY: 4 },
    {
      set: (cell, x, y) => {
        bits[cell]! |= DOTS[y]![x]!;
      },
      glyph: (cell) => String.fromCharCode(BRAILLE + bits[cell]!),
    },
  );
}

export function createSymbolCanvas(columns: number, lines: number, symbols: readonly string[]): Canvas {
  return createCanvas(
    { columns, lines, dotsX: 1, dotsY: 1 },
    {
      set: () => undefined,
      glyph: (_cell, series) => symbols[series % symbols.length]!,
    },
  );
}

interface Grid {
  readonly columns: number;
  readonly lines: number;
  /** Dots of one cell. */
  readonly dotsX: number;
  readonly dotsY: number;
}

interface Ink {
  set(cell: number, x: number, y: number): void;
  glyph(cell: number, series: number): string;
}

function createCanvas({ columns, lines, dotsX, dotsY }: Grid, ink: Ink): Canvas {
  /** The series that touched a cell last, from 1; 0 where none did. */
  const owner = new Uint8Array(columns * lines);
  const set = (series: number, x: number, y: number): void => {
    const cell = Math.floor(y / dotsY) * columns + Math.floor(x / dotsX);
    owner[cell] = series + 1;
    ink.set(cell, x % dotsX, y % dotsY);
  };
  return {
    width: columns * dotsX,
    height: lines * dotsY,
    line(series, from, to) {
      const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
      for (let i = 0; i <= steps; i++) {
        const share = i / steps;
        set(
          series,
          Math.round(from.x + (to.x - from.x) * share),
          Math.round(from.y + (to.y - from.y) * share),
        );
      }
    },
    rows: (paint) =>
      Array.from({ length: lines }, (_, line) => {
        const cells = Array.from({ length: columns }, (__, column) => {
          const cell = line * columns + column;
          const series = owner[cell]! - 1;
          return series < 0 ? ' ' : paint(ink.glyph(cell, series), series);
        });
        return cells.join('').trimEnd();
      }),
  };
}
