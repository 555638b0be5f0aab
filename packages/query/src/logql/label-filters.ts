/** Label filters as functions over an entry. */
import type { LabelFilter } from './ast.ts';
import { type Entry, ERROR_LABEL } from './entry.ts';
import { createIpTest } from './ip-range.ts';
import { createValueTest } from './parse-selector.ts';
import { parseBytes, parseDurationMs } from './tokens.ts';

export type EntryTest = (entry: Entry) => boolean;

export function createLabelFilter(filter: LabelFilter): EntryTest {
  switch (filter.kind) {
    case 'and': {
      const [left, right] = [createLabelFilter(filter.left), createLabelFilter(filter.right)];
      return (entry) => left(entry) && right(entry);
    }
    case 'or': {
      const [left, right] = [createLabelFilter(filter.left), createLabelFilter(filter.right)];
      return (entry) => left(entry) || right(entry);
    }
    case 'text': {
      const test = createValueTest(filter);
      return (entry) => test(entry.get(filter.name));
    }
    case 'ip': {
      const test = createIpTest(filter.value);
      const isNegative = filter.op === '!=';
      return (entry) => {
        const value = entry.get(filter.name);
        return value !== '' && test(value) !== isNegative;
      };
    }
    default:
      return createComparison(filter);
  }
}

type Comparison = Extract<LabelFilter, { kind: 'number' | 'duration' | 'bytes' }>;

/**
 * A label that is absent does not pass; one that cannot be read as the kind passes with an error label, as
 * in Loki, so that a query can see (or filter out) what it failed on.
 */
function createComparison({ kind, name, op, value }: Comparison): EntryTest {
  return (entry) => {
    if (entry.get(ERROR_LABEL) !== '') return true;
    const text = entry.get(name);
    if (text === '') return false;
    const own = readValue(kind, text);
    if (own === undefined) {
      entry.fail('LabelFilterErr', `cannot read ${JSON.stringify(text)} of label ${name} as a ${kind}`);
      return true;
    }
    return compare(own, op, value);
  };
}

/** Seconds of durations, bytes of sizes. */
export function readValue(kind: Comparison['kind'], text: string): number | undefined {
  if (kind === 'number') {
    const value = Number(text);
    return text.trim() === '' || Number.isNaN(value) ? undefined : value;
  }
  if (kind === 'bytes') return parseBytes(text);
  const ms = parseDurationMs(text);
  return ms === undefined ? undefined : ms / 1000;
}

function compare(own: number, op: Comparison['op'], value: number): boolean {
  switch (op) {
    case '==':
      return own === value;
    case '!=':
      return own !== value;
    case '>':
      return own > value;
    case '>=':
      return own >= value;
    case '<':
      return own < value;
    case '<=':
      return own <= value;
  }
}
