/** Exemplars as bytes; trace and span ids in half the space of their hex. */
import type { Label } from '@sluice/promql/model/labels';
import type { Exemplar } from '../model/snapshot.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

const TEXT = 0;
const HEX = 1;

export function writeExemplars(writer: ByteWriter, exemplars: readonly Exemplar[]): void {
  writer.uint(exemplars.length);
  for (const { labels, value, timeMs } of exemplars) {
    writer.uint(labels.length);
    for (const { name, value: text } of labels) {
      writer.text(name);
      if (/^(?:[0-9a-f]{2}){8,16}$/.test(text)) {
        writer.byte(HEX);
        writer.blob(Buffer.from(text, 'hex'));
      } else {
        writer.byte(TEXT);
        writer.text(text);
      }
    }
    writer.level(value);
    writer.int(timeMs);
  }
}

export function readExemplars(reader: ByteReader): readonly Exemplar[] {
  return Array.from({ length: reader.count(3) }, () => {
    const labels = Array.from({ length: reader.count(3) }, (): Label => {
      const name = reader.text();
      const value = reader.byte() === HEX ? Buffer.from(reader.blob()).toString('hex') : reader.text();
      return { name, value };
    });
    return { labels, value: Number(reader.level()), timeMs: reader.int() };
  });
}
