/** A KeyValue whose value is a text: the attribute that code writes by hand most often. */
import type { ProtoWriter } from './proto-writer.ts';

/** `field` is that of the attributes in the message around it; 1 and 2 are KeyValue's own (opentelemetry.proto.common.v1). */
export function writeTextAttribute(
  writer: ProtoWriter,
  field: number,
  { key, text }: { readonly key: string; readonly text: string },
): void {
  const attribute = writer.begin(field);
  writer.string(1, key);
  const value = writer.begin(2);
  writer.string(1, text);
  writer.end(value);
  writer.end(attribute);
}
