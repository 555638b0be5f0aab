/**
 * An attribute's value as text, as OpenTelemetry's translators write it where a format has only strings:
 * lists and maps become JSON, bytes base64.
 */
import type { AnyValue } from '@sluice/otlp/model';

export function anyValueText(value: AnyValue): string {
  switch (value.type) {
    case 'string':
      return value.value;
    case 'bool':
    case 'int':
      return String(value.value);
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

/** By hand, since JSON.stringify cannot write 64-bit numbers exactly. */
function toJson(value: AnyValue): string {
  switch (value.type) {
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? String(value.value) : JSON.stringify(String(value.value));
    case 'empty':
      return 'null';
    case 'array':
      return `[${value.values.map(toJson).join(',')}]`;
    case 'kvlist':
      return `{${value.entries.map(({ key, value: inner }) => `${JSON.stringify(key)}:${toJson(inner)}`).join(',')}}`;
    default:
      return JSON.stringify(anyValueText(value));
  }
}
