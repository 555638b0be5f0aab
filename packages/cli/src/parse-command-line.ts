/** Arguments by a command's option table; what is unknown is told with what was probably meant. */
import { parseArgs } from 'node:util';
import type { Arguments, OptionTable, OptionValue } from './command.ts';
import { CommandLineError } from './command-line-error.ts';
import { nearest } from './nearest.ts';

export interface ParsedCommandLine extends Arguments<OptionTable> {
  readonly help: boolean;
}

interface OperandLimits {
  readonly operands?: string;
  readonly minOperands?: number;
  readonly maxOperands?: number;
}

/** Options that every command has. */
export const SHARED_OPTIONS: OptionTable = {
  json: { type: 'boolean', help: 'one JSON document instead of text' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};

/** @throws CommandLineError */
export function parseCommandLine(
  args: readonly string[],
  table: OptionTable,
  limits: OperandLimits = {},
): ParsedCommandLine {
  const known: OptionTable = { ...table, ...SHARED_OPTIONS };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(known).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options: Record<string, OptionValue> = {};
  for (const [name, { type, multiple }] of Object.entries(known)) {
    options[name] = type === 'boolean' ? false : multiple ? [] : undefined;
  }
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind === 'option') readOption(token, known, options);
  }
  const help = options.help === true;
  if (!help) checkOperands(positionals, limits);
  return { options: options as ParsedCommandLine['options'], positionals, json: options.json === true, help };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function readOption(token: OptionToken, known: OptionTable, options: Record<string, OptionValue>): void {
  const { name, rawName, value, inlineValue } = token;
  const spec = Object.hasOwn(known, name) ? known[name] : undefined;
  if (spec === undefined) {
    const meant = nearest(name, Object.keys(known));
    throw new CommandLineError(
      `unknown option ${rawName}${meant === undefined ? '' : `; did you mean --${meant}?`}`,
    );
  }
  if (spec.type === 'boolean') {
    if (inlineValue) throw new CommandLineError(`${rawName} takes no value`);
    options[name] = true;
    return;
  }
  const isDash = value !== undefined && !inlineValue && value.length > 1 && value.startsWith('-');
  if (value === undefined || isDash) {
    const hint = isDash ? `; a value that begins with a dash is written --${name}=${value}` : '';
    throw new CommandLineError(`${rawName} needs a value (${spec.value ?? 'VALUE'})${hint}`);
  }
  const before = options[name];
  options[name] = spec.multiple ? [...(Array.isArray(before) ? before : []), value] : value;
}

function checkOperands(positionals: readonly string[], limits: OperandLimits): void {
  const { operands = '', minOperands = 0, maxOperands = 0 } = limits;
  if (positionals.length < minOperands) throw new CommandLineError(`${operands} is missing`);
  if (positionals.length > maxOperands) {
    throw new CommandLineError(
      maxOperands === 0
        ? `no operand is expected, but there is "${positionals[0]}"`
        : `at most ${maxOperands} operand${maxOperands === 1 ? '' : 's'} expected (${operands}), but there is "${positionals[maxOperands]}"`,
    );
  }
}

interface NumberLimits {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/** @throws CommandLineError */
export function readNumberOption(name: string, text: string | undefined, limits: NumberLimits): number {
  const { fallback, min, max, whole = false } = limits;
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    throw new CommandLineError(
      `--${name} ${JSON.stringify(text)} is not a ${whole ? 'whole ' : ''}number from ${min} to ${max}`,
    );
  }
  return value;
}

/** @throws CommandLineError that suggests the nearest choice. */
export function readChoiceOption<const T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  const meant = nearest(text, choices);
  throw new CommandLineError(
    `--${name} ${JSON.stringify(text)} is not one of ${choices.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}
