/** Attribute values as label values: texts as they are, numbers in shortest form, the rest as JSON. */
import type { AnyValue } from '@sluice/otlp/model';

export function toLabelValue(value: AnyValue): string {
  switch (value.type) {
    case 'string':
      return value.value;
    case 'bool':
      return value.value ? 'true' : 'false';
    case 'int':
      return value.value.toString();
    case 'double':
      return String(value.value);
    case 'bytes':
      return Buffer.from(value.value).toString('base64');
    case 'empty':
      return '';
    case 'array':
    case 'kvlist':
      return toJson(value);
  }
}

/** JSON with integers in full; keys in the order of their bytes, so that equal maps give equal labels. */
function toJson(value: AnyValue): string {
  switch (value.type) {
    case 'string':
      return JSON.stringify(value.value);
    case 'bytes':
      return JSON.stringify(toLabelValue(value));
    case 'double':
      return Number.isFinite(value.value) ? String(value.value) : JSON.stringify(String(value.value));
    case 'empty':
      return 'null';
    case 'array':
      return `[${value.values.map(toJson).join(',')}]`;
    case 'kvlist': {
      const entries = [...value.entries].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      return `{${entries.map(({ key, value: own }) => `${JSON.stringify(key)}:${toJson(own)}`).join(',')}}`;
    }
    default:
      return toLabelValue(value);
  }
}
