/** What a command is: its options, its help, and what it does with them. */
import type { Io } from './io.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly help: string;
  /** Name of the value in the usage, e.g. `SECONDS`; strings only. */
  readonly value?: string;
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: true;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

export type OptionValue = string | boolean | readonly string[] | undefined;

type ValueOf<S extends OptionSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['multiple'] extends true
    ? readonly string[]
    : string | undefined;

export interface Arguments<O extends OptionTable> {
  readonly options: { readonly [Name in keyof O]: ValueOf<O[Name]> };
  readonly positionals: readonly string[];
  readonly json: boolean;
}

interface Spec<O extends OptionTable> {
  /** What comes after `sluice NAME`, e.g. `FILE…`; options are listed of themselves. */
  readonly operands?: string;
  readonly minOperands?: number;
  readonly maxOperands?: number;
  readonly about: string;
  readonly options: O;
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Answers the exit code. */
  run(args: Arguments<O>, io: Io): Promise<number>;
}

/** A command whose option types were checked where it was defined. */
export type Command = Omit<Spec<OptionTable>, 'run'> & {
  run(args: Arguments<OptionTable>, io: Io): Promise<number>;
};

export function defineCommand<const O extends OptionTable>(spec: Spec<O>): Command {
  // The parser fills the options by this very table, so their values have the types it says.
  return { ...spec, run: (args, io) => spec.run(args as unknown as Arguments<O>, io) };
}

export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;
