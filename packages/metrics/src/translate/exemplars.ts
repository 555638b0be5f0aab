/** OTLP exemplars as Prometheus takes them. */
import type { Exemplar as OtlpExemplar } from '@sluice/otlp/model';
import { fromPairs } from '@sluice/promql/model/labels';
import type { Exemplar } from '../model/snapshot.ts';
import { toLabelValue } from './attribute-text.ts';
import { nanosToMs } from './nanos.ts';

/** OpenMetrics 1.0 § Exemplars: characters of all names and values together. */
const MAX_LABEL_CHARS = 128;
/** Kept of one point, the newest. */
const MAX_PER_POINT = 2;

const NONE: readonly Exemplar[] = [];

export function toExemplars(exemplars: readonly OtlpExemplar[]): readonly Exemplar[] {
  if (exemplars.length === 0) return NONE;
  return exemplars
    .flatMap(toExemplar)
    .sort((a, b) => a.timeMs - b.timeMs)
    .slice(-MAX_PER_POINT);
}

/** Without its filtered attributes when they make it too long. */
function toExemplar(exemplar: OtlpExemplar): readonly Exemplar[] {
  const { traceId, spanId, value, timeUnixNano, filteredAttributes } = exemplar;
  if (value.type === 'empty') return [];
  const ids: [string, string][] = [
    ['trace_id', traceId],
    ['span_id', spanId],
  ];
  const rest = filteredAttributes.map(({ key, value: own }): [string, string] => [
    key.replace(/[^a-zA-Z0-9_]/g, '_'),
    toLabelValue(own),
  ]);
  const all = new Map([...rest.filter(([name]) => /^[a-zA-Z_]/.test(name)), ...ids]);
  const pairs = textChars(all) <= MAX_LABEL_CHARS ? all : new Map(ids);
  return [{ labels: fromPairs(pairs), value: Number(value.value), timeMs: nanosToMs(timeUnixNano) }];
}

function textChars(pairs: ReadonlyMap<string, string>): number {
  let chars = 0;
  for (const [name, value] of pairs) chars += [...name].length + [...value].length;
  return chars;
}
