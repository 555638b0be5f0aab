/**
 * What fields the newest lines of a query hold, with type and number of values: Grafana's drill-down builds
 * its pages from it. In Loki's words and JSON (HTTP API: detected_fields).
 */

import type { LogSelector } from '../logql/ast.ts';
import { createQueryStats, type LogSource, runLogQuery } from '../logql/log-query.ts';
import { sanitizeName } from '../logql/parsers.ts';
import { scanJson } from '../logql/scan-json.ts';
import { parseBytes, parseDurationMs } from '../logql/tokens.ts';
import type { TimeRange } from './parameters.ts';

type FieldType = 'string' | 'int' | 'float' | 'boolean' | 'duration' | 'bytes';

export interface DetectedField {
  readonly label: string;
  readonly type: FieldType;
  readonly cardinality: number;
  /** `null` for what stands beside the line. */
  readonly parsers: readonly string[] | null;
  readonly jsonPath?: readonly string[];
}

export interface DetectOptions extends TimeRange {
  /** Lines that are looked at, the newest. */
  readonly lineLimit: number;
}

interface Seen {
  readonly values: Set<string>;
  readonly path: readonly string[] | undefined;
  type: FieldType | undefined;
}

/** By label, in the order of their names. */
export async function detectFields(
  selector: LogSelector,
  source: LogSource,
  { lineLimit, ...range }: DetectOptions,
): Promise<ReadonlyMap<string, DetectedField & { readonly values: readonly string[] }>> {
  const lines = await runLogQuery(selector, source, {
    ...range,
    limit: lineLimit,
    direction: 'backward',
    stats: createQueryStats(),
  });
  const seen = new Map<string, Seen>();
  const note = (label: string, text: string, path?: readonly string[]): void => {
    let field = seen.get(label);
    if (field === undefined) {
      field = { values: new Set(), path: path === undefined ? undefined : [...path], type: undefined };
      seen.set(label, field);
    }
    field.values.add(text);
    const type = typeOf(text);
    field.type = field.type === undefined || field.type === type ? type : widen(field.type, type);
  };
  for (const { line, categories } of lines) {
    for (const [label, value] of Object.entries(categories.structuredMetadata)) note(label, value);
    scanJson(line, {
      isWanted: () => true,
      value(path, text, kind) {
        const label = sanitizeName(path.join('_'));
        const isKnown =
          Object.hasOwn(categories.stream, label) || Object.hasOwn(categories.structuredMetadata, label);
        if (kind !== 'array' && kind !== 'null' && !isKnown) note(label, text, path);
      },
    });
  }
  const names = [...seen.keys()].sort();
  return new Map(
    names.map((label) => {
      const { values, path, type } = seen.get(label)!;
      return [
        label,
        {
          label,
          type: type!,
          cardinality: values.size,
          parsers: path === undefined ? null : ['json'],
          ...(path === undefined ? {} : { jsonPath: path }),
          values: [...values],
        },
      ];
    }),
  );
}

function typeOf(text: string): FieldType {
  if (/^-?\d+$/.test(text)) return 'int';
  if (/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return 'float';
  if (text === 'true' || text === 'false') return 'boolean';
  if (parseDurationMs(text) !== undefined) return 'duration';
  return parseBytes(text) === undefined ? 'string' : 'bytes';
}

function widen(a: FieldType, b: FieldType): FieldType {
  const isNumber = (type: FieldType): boolean => type === 'int' || type === 'float';
  return isNumber(a) && isNumber(b) ? 'float' : 'string';
}
