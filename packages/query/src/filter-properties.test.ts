/**
 * LogQL and Insights filters over random records against evaluators that do the obvious: each record is an
 * object, each filter a walk over its tree. What the engines gain by searching bytes must not change an answer.
 */
import { encodeLogs, type Plain } from '@sluice/backends/testing/log-requests';
import { makePart } from '@sluice/backends/testing/telemetry-part';
import { createRandom, type Random } from '@sluice/core/testing/random';
import { describe, expect, test } from 'vitest';
import { createEmbeddedInsights } from './insights/embedded-insights.ts';
import { LOG_GROUPS } from './insights/log-insights-backend.ts';
import { createQueryStats, runLogQuery } from './logql/log-query.ts';
import { parseLogql } from './logql/parse-logql.ts';
import { createTestLogStore, TEST_NOW_NS, TEST_TENANT } from './testing/log-store.ts';

/** More by `SLUICE_FUZZ_ROUNDS`. */
const ROUNDS = Number(process.env.SLUICE_FUZZ_ROUNDS ?? 6);
const RECORDS = 120;
const QUERIES = 24;
const { signal } = new AbortController();

type Scalar = string | number | boolean;
interface Fact {
  readonly timeNs: bigint;
  readonly service: string;
  readonly level: string;
  readonly message: string;
  /** By dotted name. */
  readonly fields: Readonly<Record<string, Scalar>>;
}

const NAMES = ['a', 'b', 'req.path', 'req.size', 'user.id'];
const TEXTS = [
  'x',
  'ab',
  'Ab',
  'true',
  '5',
  '5.0',
  '"',
  '\\',
  '\n',
  'é',
  '😀',
  'a"b',
  '/p/q',
  '-1',
  ' ',
  'error',
  '1e3',
  '\u0001',
];
const NUMBERS = [0, 5, -1, 1.5, 1000, 1e21, 0.1];

function scalar(random: Random): Scalar {
  const kind = random.below(4);
  if (kind === 0) return random.pick(NUMBERS);
  if (kind === 1) return random.chance(0.5);
  return random.pick(TEXTS) + (random.chance(0.3) ? random.pick(TEXTS) : '');
}

function makeFacts(random: Random): readonly Fact[] {
  return Array.from({ length: RECORDS }, (_, i) => ({
    timeNs: TEST_NOW_NS - BigInt(RECORDS - i) * 1_000_000n,
    service: random.pick(['one', 'two']),
    level: random.pick(['INFO', 'ERROR', 'AUDIT']),
    message: random.pick(TEXTS) + random.pick(TEXTS),
    fields: Object.fromEntries(NAMES.filter(() => random.chance(0.5)).map((name) => [name, scalar(random)])),
  }));
}

/** Pushed in several messages, so that some chunks are merged and some are not. */
async function makeStore(facts: readonly Fact[]) {
  const { store, clock } = createTestLogStore();
  for (let at = 0; at < facts.length; at += 50) {
    const groups = Map.groupBy(facts.slice(at, at + 50), ({ service }) => service);
    const raw = encodeLogs(
      [...groups].map(([service, own]) => ({
        resource: { 'service.name': service },
        records: own.map(({ timeNs, level, message, fields }) => ({
          timeNs,
          severityText: level,
          body: message,
          attributes: fields as Readonly<Record<string, Plain>>,
        })),
      })),
    );
    await store.push(TEST_TENANT, [makePart(raw, { signal: 'logs' })], { signal });
  }
  return { store, clock };
}

function factValue(fact: Fact, name: string): Scalar | undefined {
  if (name === 'service' || name === 'level' || name === 'message') return fact[name];
  return fact.fields[name];
}

describe('Insights', () => {
  type Filter =
    | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
    | { readonly kind: 'not'; readonly inner: Filter }
    | { readonly kind: 'present'; readonly name: string }
    | {
        readonly kind: 'in';
        readonly name: string;
        readonly values: readonly (string | number)[];
        readonly isNot: boolean;
      }
    | {
        readonly kind: 'like';
        readonly name: string;
        readonly part: string;
        readonly isNot: boolean;
        readonly isRegex: boolean;
      }
    | {
        readonly kind: 'compare';
        readonly name: string;
        readonly op: string;
        readonly value: string | number;
      };

  const FIELDS = [...NAMES, 'service', 'level', 'message'];
  const constant = (random: Random): string | number =>
    random.chance(0.4) ? random.pick(NUMBERS) : random.pick([...TEXTS, 'one', 'ERROR', 'false']);

  function makeFilter(random: Random, depth = 0): Filter {
    const kind = depth > 2 ? 3 + random.below(4) : random.below(7);
    const name = random.pick(FIELDS);
    if (kind === 0)
      return { kind: 'and', left: makeFilter(random, depth + 1), right: makeFilter(random, depth + 1) };
    if (kind === 1)
      return { kind: 'or', left: makeFilter(random, depth + 1), right: makeFilter(random, depth + 1) };
    if (kind === 2) return { kind: 'not', inner: makeFilter(random, depth + 1) };
    if (kind === 3) return { kind: 'present', name };
    if (kind === 4)
      return { kind: 'in', name, values: [constant(random), constant(random)], isNot: random.chance(0.3) };
    if (kind === 5)
      return {
        kind: 'like',
        name,
        part: random.pick(TEXTS),
        isNot: random.chance(0.3),
        isRegex: random.chance(0.3),
      };
    return {
      kind: 'compare',
      name,
      op: random.pick(['=', '=', '=', '!=', '<', '<=', '>', '>=']),
      value: constant(random),
    };
  }

  function quote(value: string | number): string {
    if (typeof value === 'number') return String(value);
    return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
  }

  function print(filter: Filter): string {
    switch (filter.kind) {
      case 'and':
      case 'or':
        return `(${print(filter.left)} ${filter.kind} ${print(filter.right)})`;
      case 'not':
        return `not (${print(filter.inner)})`;
      case 'present':
        return `ispresent(${filter.name})`;
      case 'in':
        return `${filter.name} ${filter.isNot ? 'not in' : 'in'} [${filter.values.map(quote).join(', ')}]`;
      case 'like': {
        const pattern = filter.isRegex ? `/${escapeRegex(filter.part)}/` : quote(filter.part);
        return `${filter.name} ${filter.isNot ? 'not like' : 'like'} ${pattern}`;
      }
      case 'compare':
        return `${filter.name} ${filter.op} ${quote(filter.value)}`;
    }
  }

  const toNumber = (value: Scalar): number =>
    typeof value === 'boolean'
      ? Number(value)
      : typeof value === 'string' && value.trim() === ''
        ? Number.NaN
        : Number(value);
  const toText = (value: Scalar): string =>
    typeof value === 'boolean' ? String(Number(value)) : String(value);
  function order(a: Scalar, b: Scalar): number {
    const [x, y] = [toNumber(a), toNumber(b)];
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return toText(a) < toText(b) ? -1 : toText(a) > toText(b) ? 1 : 0;
  }
  const equals = (a: Scalar, b: Scalar): boolean =>
    typeof a === 'boolean' && (b === 'true' || b === 'false') ? String(a) === b : order(a, b) === 0;

  function holds(filter: Filter, fact: Fact): boolean {
    switch (filter.kind) {
      case 'and':
        return holds(filter.left, fact) && holds(filter.right, fact);
      case 'or':
        return holds(filter.left, fact) || holds(filter.right, fact);
      case 'not':
        return !holds(filter.inner, fact);
      case 'present':
        return factValue(fact, filter.name) !== undefined;
      case 'in': {
        const value = factValue(fact, filter.name);
        return filter.isNot !== (value !== undefined && filter.values.some((other) => equals(value, other)));
      }
      case 'like': {
        const value = factValue(fact, filter.name);
        return filter.isNot !== (value !== undefined && toText(value).includes(filter.part));
      }
      case 'compare': {
        const value = factValue(fact, filter.name);
        if (value === undefined) return false;
        const result = order(value, filter.value);
        switch (filter.op) {
          case '=':
            return equals(value, filter.value);
          case '!=':
            return !equals(value, filter.value);
          case '<':
            return result < 0;
          case '<=':
            return result <= 0;
          case '>':
            return result > 0;
          default:
            return result >= 0;
        }
      }
    }
  }

  test.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))('agree with the walk, seed %i', async (seed) => {
    const random = createRandom(seed);
    const facts = makeFacts(random);
    const { store, clock } = await makeStore(facts);
    const insights = createEmbeddedInsights(store, { clock });
    for (let i = 0; i < QUERIES; i++) {
      const filter = makeFilter(random);
      const query = `fields toMillis(@timestamp) as ms | filter ${print(filter)} | sort @timestamp asc`;
      const { rows } = await insights.run(
        { query, startNs: 0n, endNs: TEST_NOW_NS, limit: 10_000, groups: LOG_GROUPS },
        { tenant: TEST_TENANT, signal },
      );
      const found = rows.map(([cell]) => cell!.value);
      const expected = facts
        .filter((fact) => holds(filter, fact))
        .map(({ timeNs }) => String(timeNs / 1_000_000n));
      expect(found, query).toEqual(expected);
    }
  });
});

describe('LogQL', () => {
  type Filter =
    | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
    | {
        readonly kind: 'text';
        readonly name: string;
        readonly op: '=' | '!=' | '=~' | '!~';
        readonly value: string;
      }
    | {
        readonly kind: 'number';
        readonly name: string;
        readonly op: '>' | '<=' | '==';
        readonly value: number;
      };

  interface Query {
    readonly service: string | undefined;
    /** On the line, before it is parsed. */
    readonly lines: readonly { readonly op: '|=' | '!=' | '|~' | '!~'; readonly text: string }[];
    readonly filter: Filter;
  }

  const LABELS = ['a', 'b', 'req_path', 'req_size', 'user_id', 'level', 'message', 'nosuch'];

  function makeFilter(random: Random, depth = 0): Filter {
    const kind = depth > 1 ? 2 + random.below(2) : random.below(4);
    if (kind < 2) {
      return {
        kind: kind === 0 ? 'and' : 'or',
        left: makeFilter(random, depth + 1),
        right: makeFilter(random, depth + 1),
      };
    }
    const name = random.pick(LABELS);
    if (kind === 2)
      return {
        kind: 'number',
        name,
        op: random.pick(['>', '<=', '=='] as const),
        value: random.pick([0, 5, 1.5, 1000]),
      };
    return {
      kind: 'text',
      name,
      op: random.pick(['=', '!=', '=~', '!~'] as const),
      value: random.pick(['', ...TEXTS, 'ERROR']),
    };
  }

  const makeQuery = (random: Random): Query => ({
    service: random.chance(0.5) ? random.pick(['one', 'two']) : undefined,
    lines: Array.from({ length: random.below(3) }, () => ({
      op: random.pick(['|=', '|=', '!=', '|~', '!~'] as const),
      text: random.pick(['x', 'ab', 'true', 'é', '😀', 'error', 'ERROR', 'INFO', '"a":', 'level', '5', 'Ab']),
    })),
    filter: makeFilter(random),
  });

  function print({ service, lines, filter }: Query): string {
    const selector = service === undefined ? '{service=~".+"}' : `{service="${service}"}`;
    const stages = lines.map(
      ({ op, text }) => `${op} ${JSON.stringify(op.endsWith('~') ? escapeRegex(text) : text)}`,
    );
    return `${[selector, ...stages].join(' ')} | json | ${printFilter(filter)}`;
  }

  function printFilter(filter: Filter): string {
    switch (filter.kind) {
      case 'and':
      case 'or':
        return `(${printFilter(filter.left)} ${filter.kind} ${printFilter(filter.right)})`;
      case 'text':
        return `${filter.name}${filter.op}${JSON.stringify(filter.op.endsWith('~') ? escapeRegex(filter.value) : filter.value)}`;
      case 'number':
        return `${filter.name} ${filter.op} ${filter.value}`;
    }
  }

  /** As `| json` writes it: '' for what is absent. */
  const labelOf = (fact: Fact, label: string): string => {
    const value = factValue(fact, NAMES.find((name) => name.replace('.', '_') === label) ?? label);
    if (typeof value !== 'number') return value === undefined ? '' : String(value);
    // As numbers are written in records.
    return JSON.stringify(value);
  };

  function holds(filter: Filter, fact: Fact, state: { failed: boolean }): boolean {
    switch (filter.kind) {
      case 'and':
        return holds(filter.left, fact, state) && holds(filter.right, fact, state);
      case 'or':
        return holds(filter.left, fact, state) || holds(filter.right, fact, state);
      case 'text': {
        const isEqual = labelOf(fact, filter.name) === filter.value;
        return filter.op === '=' || filter.op === '=~' ? isEqual : !isEqual;
      }
      case 'number': {
        // After a value that is no number the line goes on, marked, past all comparisons (Loki: __error__).
        if (state.failed) return true;
        const text = labelOf(fact, filter.name);
        if (text === '') return false;
        const value = text.trim() === '' ? Number.NaN : Number(text);
        if (Number.isNaN(value)) {
          state.failed = true;
          return true;
        }
        return filter.op === '>'
          ? value > filter.value
          : filter.op === '<='
            ? value <= filter.value
            : value === filter.value;
      }
    }
  }

  test.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))('agree with the walk, seed %i', async (seed) => {
    const random = createRandom(seed + 1000);
    const facts = makeFacts(random);
    const { store } = await makeStore(facts);
    const source = { reader: store, tenant: TEST_TENANT, signal };
    const all = await find('{service=~".+"}');
    expect(all.size).toBe(facts.length);

    async function find(query: string): Promise<ReadonlyMap<bigint, string>> {
      const expr = parseLogql(query);
      if (expr.kind !== 'logs') throw new Error('no log query');
      const options = { startNs: 0n, endNs: TEST_NOW_NS, limit: 5000, stats: createQueryStats() };
      const forward = await runLogQuery(expr, source, { ...options, direction: 'forward' });
      const backward = await runLogQuery(expr, source, { ...options, direction: 'backward' });
      expect(backward.map(({ timeNs }) => timeNs).reverse()).toEqual(forward.map(({ timeNs }) => timeNs));
      return new Map(forward.map(({ timeNs, line }) => [timeNs, line]));
    }

    for (let i = 0; i < QUERIES; i++) {
      const query = makeQuery(random);
      const text = print(query);
      const found = await find(text);
      const expected = facts.filter((fact) => {
        const line = all.get(fact.timeNs)!;
        return (
          (query.service === undefined || query.service === fact.service) &&
          query.lines.every(({ op, text: part }) => line.includes(part) === op.startsWith('|')) &&
          holds(query.filter, fact, { failed: false })
        );
      });
      expect([...found.keys()], text).toEqual(expected.map(({ timeNs }) => timeNs));
    }
  });
});

function escapeRegex(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$/]/g, '\\$&').replaceAll('\n', '\\n');
}
