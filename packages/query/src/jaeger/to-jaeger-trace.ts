/** A stored trace in Jaeger's JSON. */
import { type StoredTrace, UNNAMED_SERVICE } from '@sluice/backends/trace-reader';
import type { Resource, Scope, Span, SpanEvent, SpanLink } from '@sluice/otlp/model';
import type { JaegerLog, JaegerProcess, JaegerReference, JaegerSpan, JaegerTrace } from './jaeger-model.ts';
import { toJaegerTag, toSpanTags } from './to-jaeger-tags.ts';

const SERVICE_NAME = 'service.name';
/** Attribute by which a bridged OpenTracing reference tells its type (OTel semantic conventions). */
const REF_TYPE = 'opentracing.ref_type';
/** The low eight bits are the trace flags of W3C Trace Context; above them OTLP keeps its own. */
const TRACE_FLAGS_MASK = 0xff;

export function toJaegerTrace({ traceId, resourceSpans }: StoredTrace): JaegerTrace {
  const processes = createProcessTable();
  const spans: { readonly start: bigint; readonly span: JaegerSpan }[] = [];
  for (const { resource, scopes } of resourceSpans) {
    const processId = processes.idOf(resource);
    for (const { scope, spans: scopeSpans } of scopes) {
      for (const span of scopeSpans) {
        spans.push({ start: span.startTimeUnixNano, span: toJaegerSpan(span, scope, processId) });
      }
    }
  }
  spans.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return {
    traceID: traceId,
    spans: spans.map(({ span }) => span),
    processes: processes.all(),
    warnings: null,
  };
}

function toJaegerSpan(span: Span, scope: Scope, processID: string): JaegerSpan {
  const flags = span.flags & TRACE_FLAGS_MASK;
  const durationNs = span.endTimeUnixNano - span.startTimeUnixNano;
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    ...(flags === 0 ? {} : { flags }),
    operationName: span.name,
    references: toReferences(span),
    startTime: toMicros(span.startTimeUnixNano),
    duration: toMicros(durationNs > 0n ? durationNs : 0n),
    tags: toSpanTags(span, scope),
    logs: span.events.map(toLog),
    processID,
    warnings: null,
  };
}

/** The parent first, where readers look for it. A link to the parent only says what kind of parent it is. */
function toReferences({ traceId, parentSpanId, links }: Span): readonly JaegerReference[] {
  const isParent = (link: SpanLink): boolean => link.spanId === parentSpanId && link.traceId === traceId;
  const references = links
    .filter((link) => !isParent(link))
    .map((link) => ({ refType: refTypeOf(link), traceID: link.traceId, spanID: link.spanId }));
  if (parentSpanId === '') return references;
  const link = links.findLast(isParent);
  const refType = link === undefined ? 'CHILD_OF' : refTypeOf(link);
  return [{ refType, traceID: traceId, spanID: parentSpanId }, ...references];
}

function refTypeOf({ attributes }: SpanLink): JaegerReference['refType'] {
  const value = attributes.find(({ key }) => key === REF_TYPE)?.value;
  return value?.type === 'string' && value.value === 'child_of' ? 'CHILD_OF' : 'FOLLOWS_FROM';
}

function toLog({ timeUnixNano, name, attributes }: SpanEvent): JaegerLog {
  const fields = attributes.map(toJaegerTag);
  const isNamed = name !== '' && !attributes.some(({ key }) => key === 'event');
  return {
    timestamp: toMicros(timeUnixNano),
    fields: isNamed ? [{ key: 'event', type: 'string', value: name }, ...fields] : fields,
  };
}

interface ProcessTable {
  idOf(resource: Resource): string;
  all(): Readonly<Record<string, JaegerProcess>>;
}

/** Equal resources of different batches are one process. */
function createProcessTable(): ProcessTable {
  const ids = new Map<string, string>();
  const processes: Record<string, JaegerProcess> = {};
  return {
    idOf(resource) {
      const process = toProcess(resource);
      const content = JSON.stringify(process);
      const known = ids.get(content);
      if (known !== undefined) return known;
      const id = `p${ids.size + 1}`;
      ids.set(content, id);
      processes[id] = process;
      return id;
    },
    all: () => processes,
  };
}

function toProcess({ attributes }: Resource): JaegerProcess {
  const name = attributes.findLast(({ key }) => key === SERVICE_NAME)?.value;
  const isNamed = name?.type === 'string' && name.value !== '';
  return {
    serviceName: isNamed ? name.value : UNNAMED_SERVICE,
    tags: attributes.filter(({ key }) => key !== SERVICE_NAME).map(toJaegerTag),
  };
}

function toMicros(nanos: bigint): number {
  return Number(nanos / 1000n);
}
