/** Texts that occur many times are written once, in front, and referred to by number. */
import type { ByteReader } from './byte-reader.ts';
import { DamagedBytes } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

export interface TextTable {
  /** The number of a text, new or known. */
  refer(text: string): number;
  write(writer: ByteWriter): void;
}

export function createTextTable(): TextTable {
  const numbers = new Map<string, number>();
  return {
    refer(text) {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, numbers.size);
      return numbers.size - 1;
    },
    write(writer) {
      writer.uint(numbers.size);
      for (const text of numbers.keys()) writer.text(text);
    },
  };
}

export function readTextTable(reader: ByteReader): (number: number) => string {
  const texts = Array.from({ length: reader.count() }, () => reader.text());
  return (number) => {
    const text = texts[number];
    if (text === undefined) throw new DamagedBytes(`text ${number} of ${texts.length}`);
    return text;
  };
}
