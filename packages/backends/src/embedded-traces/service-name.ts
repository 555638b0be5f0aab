/** The name of the service that a resource stands for, read from the wire. */
import { UNNAMED_SERVICE } from '../trace-reader.ts';
import { FieldReader } from './field-reader.ts';
import { type Enclosing, headsOf } from './scan-spans.ts';

const SERVICE_NAME = Buffer.from('service.name');

/** The last `service.name` of the resource; UNNAMED_SERVICE when there is none or it is not text. */
export function serviceNameOf(bytes: Uint8Array, resource: Enclosing): string {
  let name = '';
  const reader = new FieldReader(bytes);
  for (const [start, end] of headsOf(bytes, resource)) {
    reader.enter(start, end);
    while (reader.next()) {
      if (reader.field !== 1) continue;
      const after = reader.at;
      const value = textUnder(reader, reader.start, reader.stop);
      if (value !== undefined) name = value;
      reader.enter(after, end);
    }
  }
  return name === '' ? UNNAMED_SERVICE : name;
}

function textUnder(reader: FieldReader, start: number, end: number): string | undefined {
  let isName = false;
  let value: readonly [number, number] | undefined;
  reader.enter(start, end);
  while (reader.next()) {
    if (reader.field === 1) isName = SERVICE_NAME.equals(reader.bytes.subarray(reader.start, reader.stop));
    else if (reader.field === 2) value = [reader.start, reader.stop];
  }
  if (!isName || value === undefined) return undefined;
  let text: string | undefined;
  reader.enter(value[0], value[1]);
  while (reader.next()) {
    if (reader.field === 1) text = Buffer.from(reader.bytes.subarray(reader.start, reader.stop)).toString();
  }
  return text;
}
