/** The functions of Insights expressions, except the aggregates. Names are found whatever their case. */
import { isIP } from 'node:net';
import { createIpTest } from '../logql/ip-range.ts';
import { isTrue, toNumber, toText, type Value } from './values.ts';

export interface InsightsFunction {
  readonly minArgs: number;
  readonly maxArgs: number;
  apply(args: readonly Value[]): Value;
}

const MANY = 32;

/** With an argument that is no number the result is absent. */
function numeric(apply: (...numbers: number[]) => number, minArgs = 1, maxArgs = minArgs): InsightsFunction {
  return {
    minArgs,
    maxArgs,
    apply(args) {
      const numbers = args.map(toNumber);
      if (numbers.includes(undefined)) return undefined;
      const result = apply(...(numbers as number[]));
      return Number.isFinite(result) ? result : undefined;
    },
  };
}

/** Of texts; with an absent argument the result is absent. */
function textual(apply: (...texts: string[]) => Value, minArgs = 1, maxArgs = minArgs): InsightsFunction {
  return {
    minArgs,
    maxArgs,
    apply: (args) => (args.includes(undefined) ? undefined : apply(...args.map(toText))),
  };
}

function any(apply: (args: readonly Value[]) => Value, minArgs = 1, maxArgs = minArgs): InsightsFunction {
  return { minArgs, maxArgs, apply };
}

/** 1 or 0, as Insights shows what is true or not. An absent text is none of anything. */
function asks(test: (...texts: string[]) => boolean, args: number): InsightsFunction {
  return any((values) => (values[0] !== undefined && test(...values.map(toText)) ? 1 : 0), args);
}

/** `versions`: of the internet protocol. The last block is kept: it is the same in every row. */
function inSubnet(versions: readonly number[]): InsightsFunction {
  let known = '';
  let test: (address: string) => boolean = () => false;
  return asks((address, block) => {
    if (block !== known) {
      known = block;
      test = subnetTest(block);
    }
    return versions.includes(isIP(address)) && test(address);
  }, 2);
}

function subnetTest(block: string): (address: string) => boolean {
  try {
    return createIpTest(block);
  } catch {
    return () => false;
  }
}

function cutEnds(text: string, set: string, { start, end }: { start: boolean; end: boolean }): string {
  const isCut = (character: string): boolean => (set === '' ? /\s/.test(character) : set.includes(character));
  let from = 0;
  let to = text.length;
  if (start) while (from < to && isCut(text[from]!)) from += 1;
  if (end) while (to > from && isCut(text[to - 1]!)) to -= 1;
  return text.slice(from, to);
}

export const FUNCTIONS: ReadonlyMap<string, InsightsFunction> = new Map<string, InsightsFunction>([
  ['abs', numeric(Math.abs)],
  ['ceil', numeric(Math.ceil)],
  ['floor', numeric(Math.floor)],
  ['sqrt', numeric(Math.sqrt)],
  ['log', numeric(Math.log)],
  ['greatest', numeric((...numbers) => Math.max(...numbers), 1, MANY)],
  ['least', numeric((...numbers) => Math.min(...numbers), 1, MANY)],
  ['tomillis', numeric((ms) => ms)],
  ['frommillis', numeric((ms) => ms)],
  ['ispresent', any(([value]) => value !== undefined)],
  ['isempty', any(([value]) => value === undefined || value === '')],
  ['isblank', any(([value]) => value === undefined || toText(value).trim() === '')],
  ['coalesce', any((args) => args.find((value) => value !== undefined), 1, MANY)],
  ['if', any(([condition, yes, no]) => (isTrue(condition) ? yes : no), 3)],
  ['concat', any((args) => args.map(toText).join(''), 1, MANY)],
  // Nothing is masked in the embedded store.
  ['unmask', any(([value]) => value)],
  ['strlen', textual((text) => [...text].length)],
  ['toupper', textual((text) => text.toUpperCase())],
  ['tolower', textual((text) => text.toLowerCase())],
  ['trim', textual((text, set = '') => cutEnds(text, set, { start: true, end: true }), 1, 2)],
  ['ltrim', textual((text, set = '') => cutEnds(text, set, { start: true, end: false }), 1, 2)],
  ['rtrim', textual((text, set = '') => cutEnds(text, set, { start: false, end: true }), 1, 2)],
  [
    'substr',
    textual(
      (text, start, length) => {
        const from = Math.max(0, Number(start));
        return text.slice(from, length === undefined ? undefined : from + Math.max(0, Number(length)));
      },
      2,
      3,
    ),
  ],
  ['replace', textual((text, from = '', to = '') => text.replaceAll(from, () => to), 3)],
  ['strcontains', asks((text, part = '') => text.includes(part), 2)],
  ['isvalidip', asks((text) => isIP(text) !== 0, 1)],
  ['isvalidipv4', asks((text) => isIP(text) === 4, 1)],
  ['isvalidipv6', asks((text) => isIP(text) === 6, 1)],
  ['isipinsubnet', inSubnet([4, 6])],
  ['isipv4insubnet', inSubnet([4])],
  ['isipv6insubnet', inSubnet([6])],
]);
