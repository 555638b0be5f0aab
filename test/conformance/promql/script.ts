/**
 * Reads promqltest files: `load`, `clear` and `eval` commands with their expectations, in the current and
 * in the older notation. Source: Prometheus, promql/promqltest/README.md.
 */

import { type NotedSeries, parseSeriesNotation } from '@sluice/promql/notation/series-notation';
import { parseDurationText } from '@sluice/promql/parse/duration-text';
import { parseNumber } from '@sluice/promql/parse/scan-number';
import { unquote } from '@sluice/promql/parse/scan-string';

export type Command = LoadCommand | EvalCommand | { readonly kind: 'clear' };

export interface LoadCommand {
  readonly kind: 'load';
  readonly stepMs: number;
  /** Also as native histograms with custom buckets. */
  readonly withNativeHistograms: boolean;
  readonly series: readonly LoadedSeries[];
}

export interface LoadedSeries extends NotedSeries {
  /** By value: the start time relative to the sample's, where one is given. */
  readonly starts: readonly (number | undefined)[];
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly expr: string;
  readonly isRange: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expectation: Expectation;
}

export interface Expectation {
  fails: boolean;
  ordered: boolean;
  /** Of any text, from the older notation. */
  anyWarning: boolean;
  anyInfo: boolean;
  noWarning: boolean;
  noInfo: boolean;
  readonly failure: TextCheck[];
  readonly warnings: TextCheck[];
  readonly infos: TextCheck[];
  scalar: number | undefined;
  text: string | undefined;
  /** The times of a range vector that an instant query answers. */
  rangeVector: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | undefined;
  readonly series: (NotedSeries & { readonly position: number })[];
}

export interface TextCheck {
  readonly text: string;
  matches(actual: string): boolean;
}

export function parseScript(source: string): Command[] {
  const lines = source.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === '') continue;
    const [word = ''] = line.toLowerCase().split(/\s+/, 1);
    if (word === 'clear') commands.push({ kind: 'clear' });
    else if (word.startsWith('load')) {
      const body = blockAfter(lines, at);
      commands.push(parseLoad(line, body));
      at += body.length;
    } else if (word.startsWith('eval')) {
      const body = blockAfter(lines, at);
      const { command, used } = parseEval(line, body, at + 1);
      commands.push(command);
      at += used;
    } else throw new Error(`line ${at + 1}: invalid command ${JSON.stringify(line)}`);
  }
  return commands;
}

/** The lines up to the next empty one. */
function blockAfter(lines: readonly string[], at: number): string[] {
  const end = lines.indexOf('', at + 1);
  return lines.slice(at + 1, end < 0 ? lines.length : end);
}

function parseLoad(line: string, body: readonly string[]): LoadCommand {
  const [, suffix, step = ''] = /^load(?:_(with_nhcb))?\s+(.+?)$/.exec(line) ?? [];
  const series: LoadedSeries[] = [];
  let starts: (number | undefined)[] = [];
  for (const definition of body) {
    const [, startValues] = /^\S+@st\s+(.*)$/.exec(definition) ?? [];
    if (startValues !== undefined) starts = parseStarts(startValues);
    else {
      series.push({ ...parseSeriesNotation(definition), starts });
      starts = [];
    }
  }
  return { kind: 'load', stepMs: duration(step), withNativeHistograms: suffix !== undefined, series };
}

/** `-1m`, `_`, `-1mx3`, `-1m+10sx3`: offsets of start times. */
function parseStarts(text: string): (number | undefined)[] {
  return text.split(/\s+/).flatMap((item) => {
    const blank = /^_(?:x(\d+))?$/.exec(item);
    if (blank) return new Array<undefined>(Number(blank[1] ?? 1)).fill(undefined);
    const [, base, delta, times] = /^([+-]?\d+[a-wyz]*)([+-]\d+[a-wyz]*)?(?:x(\d+))?$/.exec(item) ?? [];
    if (base === undefined) throw new Error(`invalid start time ${JSON.stringify(item)}`);
    const change = delta === undefined ? 0 : signedDuration(delta);
    return Array.from({ length: Number(times ?? 0) + 1 }, (_, i) => signedDuration(base) + i * change);
  });
}

function parseEval(
  line: string,
  body: readonly string[],
  number: number,
): { command: EvalCommand; used: number } {
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/.exec(line);
  const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/.exec(
    line,
  );
  const match = instant ?? range;
  if (!match) throw new Error(`line ${number}: invalid evaluation command ${JSON.stringify(line)}`);
  const startMs = duration(match[2]!);
  const endMs = range ? duration(range[3]!) : startMs;
  const { expectation, used } = parseExpectation(match[1], body);
  const command: EvalCommand = {
    kind: 'eval',
    line: number,
    expr: (range ? range[5] : match[3])!,
    isRange: range !== null,
    startMs,
    endMs,
    stepMs: range ? duration(range[4]!) : 0,
    expectation,
  };
  return { command, used };
}

function parseExpectation(
  mode: string | undefined,
  body: readonly string[],
): { expectation: Expectation; used: number } {
  const expectation: Expectation = {
    fails: mode === 'fail',
    ordered: mode === 'ordered',
    anyWarning: mode === 'warn',
    anyInfo: mode === 'info',
    noWarning: false,
    noInfo: false,
    failure: [],
    warnings: [],
    infos: [],
    scalar: undefined,
    text: undefined,
    rangeVector: undefined,
    series: [],
  };
  let used = 0;
  for (const line of body) {
    used++;
    const message = /^expected_fail_(message|regexp)\s+(.*)$/.exec(line);
    if (message) {
      expectation.failure.push(textCheck(message[1] === 'message' ? 'msg' : 'regex', message[2]!));
      break;
    }
    const vector = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/.exec(line);
    const text = /^expect string\s+(.*)$/.exec(line);
    if (vector) {
      expectation.rangeVector = {
        startMs: duration(vector[1]!),
        endMs: duration(vector[2]!),
        stepMs: duration(vector[3]!),
      };
    } else if (text) expectation.text = unquote(text[1]!);
    else if (/^expect\s/.test(line)) addExpectLine(expectation, line);
    else {
      const value = scalarOf(line);
      if (value !== undefined) {
        expectation.scalar = value;
        break;
      }
      expectation.series.push({ ...parseSeriesNotation(line), position: expectation.series.length });
    }
  }
  return { expectation, used };
}

function scalarOf(line: string): number | undefined {
  if (!/^[+-]?(\d|\.\d|inf\b|nan\b)/i.test(line)) return undefined;
  const unsigned = line.replace(/^[+-]/, '');
  const value = parseNumber(unsigned);
  return value === undefined ? undefined : line.startsWith('-') ? -value : value;
}

function addExpectLine(expectation: Expectation, line: string): void {
  const match = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/.exec(line);
  if (!match) throw new Error(`invalid expect statement ${JSON.stringify(line)}`);
  const check = match[2] ? textCheck(match[2], match[3]!.trim()) : { text: 'anything', matches: () => true };
  switch (match[1]) {
    case 'ordered':
      expectation.ordered = true;
      break;
    case 'fail':
      expectation.fails = true;
      expectation.failure.push(check);
      break;
    case 'warn':
      expectation.warnings.push(check);
      break;
    case 'no_warn':
      expectation.noWarning = true;
      break;
    case 'info':
      expectation.infos.push(check);
      break;
    case 'no_info':
      expectation.noInfo = true;
      break;
  }
}

function textCheck(kind: string, text: string): TextCheck {
  if (kind === 'msg') return { text, matches: (actual) => actual === text };
  const pattern = new RegExp(text);
  return { text, matches: (actual) => pattern.test(actual) };
}

function duration(text: string): number {
  const parsed = parseDurationText(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed.ms;
}

function signedDuration(text: string): number {
  const unsigned = duration(text.replace(/^[+-]/, ''));
  return text.startsWith('-') ? -unsigned : unsigned;
}
