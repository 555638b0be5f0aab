/**
 * The log record by its description (docs/log-record.md), made the slow and obvious way from decoded
 * values: the oracle for what turns bytes into lines. Of records without a structured body and within
 * the field budget.
 */
import type { AnyValue, KeyValue, LogRecord, Resource, Scope } from '@sluice/otlp/model';

type Json = string | number | bigint | boolean | null | readonly Json[] | { [key: string]: Json };

const RESERVED =
  /^(?:@(?:timestamp|level|message|log|logStream|ingestionTime|ptr|entity)|timestamp|level|message|service|version|trace_id|span_id|tracking_id|observed_timestamp|severity_text|severity_number|trace_flags|event_name|dropped_attributes_count|scope|resource|overflow|truncated|sluice_tenant)$/;
const LEVEL_NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

export function referenceRecord(record: LogRecord, resource: Resource, scope: Scope): Record<string, Json> {
  const text = (attributes: readonly KeyValue[], key: string): string | undefined => {
    const value = attributes.findLast((attribute) => attribute.key === key)?.value;
    return value?.type === 'string' ? value.value : undefined;
  };
  const result: Record<string, Json> = {};
  const timeNs = record.timeUnixNano === 0n ? record.observedTimeUnixNano : record.timeUnixNano;
  const time = new Date(Number(timeNs / 1_000_000n)).toISOString();
  const upper = record.severityText.trim().toUpperCase();
  const level =
    upper === 'AUDIT' || upper === 'SECURITY'
      ? upper
      : LEVEL_NAMES[Math.floor((record.severityNumber - 1) / 4)]!;
  result['@timestamp'] = time;
  result['@level'] = level;
  result.timestamp = time;
  result.level = level;
  result.message =
    record.body.type === 'string'
      ? record.body.value
      : record.body.type === 'empty'
        ? record.eventName
        : JSON.stringify(toJson(record.body));
  result.service = text(resource.attributes, 'service.name') || 'unknown_service';
  const version = text(resource.attributes, 'service.version');
  if (version !== undefined) result.version = version;
  if (record.severityText !== '' && upper !== level) result.severity_text = record.severityText;
  const base = LEVEL_NAMES.includes(level) ? LEVEL_NAMES.indexOf(level) * 4 + 1 : 9;
  if (record.severityNumber !== base) result.severity_number = record.severityNumber;
  if (record.traceId !== '') result.trace_id = record.traceId;
  if (record.spanId !== '') result.span_id = record.spanId;
  const tracking = text(record.attributes, 'tracking_id') || record.traceId;
  if (tracking !== '') result.tracking_id = tracking;
  if (record.flags !== 0) result.trace_flags = record.flags;
  if (record.eventName !== '') result.event_name = record.eventName;
  if (record.droppedAttributesCount !== 0) result.dropped_attributes_count = record.droppedAttributesCount;

  const fields = nest(
    record.attributes
      .filter(({ key }) => key !== 'tracking_id')
      .map(({ key, value }) => {
        const path = key.startsWith('exception.')
          ? ['error', key.slice(10) === 'stacktrace' ? 'stack' : key.slice(10)]
          : segments(key);
        return [RESERVED.test(path[0]!) ? ['attributes', ...path] : path, toJson(value)];
      }),
  );
  Object.assign(result, fields);
  const named: [string[], Json][] = [];
  if (scope.name !== '') named.push([['name'], scope.name]);
  if (scope.version !== '') named.push([['version'], scope.version]);
  const scopeFields = {
    ...nest(named),
    ...nest(scope.attributes.map(({ key, value }) => [segments(key), toJson(value)])),
  };
  if (Object.keys(scopeFields).length > 0) result.scope = scopeFields;
  const rest = resource.attributes.filter(
    ({ key }) => !(/^service\.(?:name|version)$/.test(key) && text(resource.attributes, key) !== undefined),
  );
  if (rest.length > 0) result.resource = nest(rest.map(({ key, value }) => [segments(key), toJson(value)]));
  return result;
}

function segments(key: string): string[] {
  const parts = key.split('.');
  return parts.includes('') || parts.length > 8 ? [key] : parts;
}

/** Later values of one path win; a value whose path is the prefix of another goes to `value` inside it. */
function nest(entries: readonly (readonly [readonly string[], Json])[]): { [key: string]: Json } {
  const byPath = new Map<string, Json>();
  for (const [path, value] of entries) byPath.set(JSON.stringify(path), value);
  const paths = [...byPath.keys()].map((key) => JSON.parse(key) as string[]);
  const result: { [key: string]: Json } = {};
  for (const path of paths) {
    const isPrefix = paths.some(
      (other) => other.length > path.length && path.every((part, i) => other[i] === part),
    );
    const target = isPrefix ? [...path, 'value'] : path;
    let node = result;
    for (const part of target.slice(0, -1)) {
      node[part] ??= {};
      node = node[part] as { [key: string]: Json };
    }
    node[target.at(-1)!] = byPath.get(JSON.stringify(path))!;
  }
  return result;
}

export function toJson(value: AnyValue): Json {
  switch (value.type) {
    case 'string':
    case 'bool':
      return value.value;
    case 'int':
      return Number(value.value);
    case 'double':
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case 'bytes':
      return Buffer.from(value.value).toString('base64');
    case 'array':
      return value.values.map(toJson);
    case 'kvlist':
      return Object.fromEntries(value.entries.map(({ key, value: item }) => [key, toJson(item)]));
    case 'empty':
      return null;
  }
}
