/** OTLP attributes, and the fields of a span that Jaeger has no place for, as Jaeger's tags. */
import { anyValueText } from '@sluice/backends/any-value-text';
import type { KeyValue, Scope, Span } from '@sluice/otlp/model';
import type { JaegerTag } from './jaeger-model.ts';

/** OTLP SpanKind by number, as OpenTracing named it. */
export const SPAN_KIND_NAMES = ['', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

const STATUS_ERROR = 2;
const STATUS_NAMES = ['', 'OK', 'ERROR'];

export function toJaegerTag({ key, value }: KeyValue): JaegerTag {
  switch (value.type) {
    case 'bool':
      return { key, type: 'bool', value: value.value };
    case 'int':
      return { key, type: 'int64', value: toExactNumber(value.value) };
    case 'double':
      return {
        key,
        type: 'float64',
        value: Number.isFinite(value.value) ? value.value : String(value.value),
      };
    case 'bytes':
      return { key, type: 'binary', value: anyValueText(value) };
    default:
      return { key, type: 'string', value: anyValueText(value) };
  }
}

/** In the order of OpenTelemetry's translator: scope, attributes, kind, status, trace state. */
export function toSpanTags(span: Span, scope: Scope): readonly JaegerTag[] {
  const tags: JaegerTag[] = [];
  const addText = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') tags.push({ key, type: 'string', value });
  };
  addText('otel.scope.name', scope.name);
  addText('otel.scope.version', scope.version);
  tags.push(...span.attributes.map(toJaegerTag));
  addText('span.kind', SPAN_KIND_NAMES[span.kind]);
  addText('otel.status_code', STATUS_NAMES[span.status.code]);
  if (span.status.code === STATUS_ERROR) tags.push({ key: 'error', type: 'bool', value: true });
  addText('otel.status_description', span.status.message);
  addText('w3c.tracestate', span.traceState);
  return tags;
}

/** Beyond 2^53 as text, since JavaScript readers would round the number (as Jaeger's query service does). */
function toExactNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
