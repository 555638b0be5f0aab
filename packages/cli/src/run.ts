/** One run of the command line: finds the command, parses, runs, and turns what was thrown into one line and a code. */
import { describeError } from '@sluice/core/errors';
import { EXIT } from './command.ts';
import { CommandLineError } from './command-line-error.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { commandHelp, groupHelp, overviewHelp } from './help-text.ts';
import type { Io } from './io.ts';
import { nearest } from './nearest.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { createStyle, safeText } from './terminal-text.ts';

/** Answers the exit code; throws nothing. */
export async function run(argv: readonly string[], io: Io, commands = COMMANDS): Promise<number> {
  let name = '';
  try {
    const found = find(argv, commands);
    if ('help' in found) {
      io.stdout.write(found.help);
      return EXIT.ok;
    }
    name = found.entry.name;
    const command = await found.entry.load();
    const args = parseCommandLine(found.rest, command.options, command);
    if (args.help) {
      io.stdout.write(commandHelp(name, command));
      return EXIT.ok;
    }
    const code = await command.run(args, io);
    return io.signal.aborted && code !== EXIT.ok ? EXIT.interrupted : code;
  } catch (error) {
    const style = createStyle(io.stderr, io.env);
    const isUsage = error instanceof CommandLineError;
    const hint = isUsage ? ` ("sluice${name === '' ? '' : ` ${name}`} --help" tells how)` : '';
    io.stderr.write(`${style.red('sluice:')} ${safeText(describeError(error))}${hint}\n`);
    if (isUsage) return EXIT.usage;
    return io.signal.aborted ? EXIT.interrupted : EXIT.failure;
  }
}

type Found = { readonly help: string } | { readonly entry: CommandEntry; readonly rest: readonly string[] };

/** @throws CommandLineError */
function find(argv: readonly string[], commands: readonly CommandEntry[]): Found {
  const [first, second] = argv;
  if (first === undefined) throw new CommandLineError('which command?');
  if (first === '--help' || first === '-h' || first === 'help') return { help: overviewHelp(commands) };
  if (first === '--version') return find(['version', ...argv.slice(1)], commands);
  if (first.startsWith('-')) throw new CommandLineError(`unknown option ${first}; a command comes first`);

  const single = commands.find(({ name }) => name === first);
  if (single !== undefined) return { entry: single, rest: argv.slice(1) };
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) throw unknown(first, [...new Set(commands.map(({ name }) => name.split(' ')[0]!))]);
  if (second === '--help' || second === '-h' || second === 'help') return { help: groupHelp(first, group) };
  const words = group.map(({ name }) => name.slice(first.length + 1));
  if (second === undefined || second.startsWith('-')) {
    throw new CommandLineError(`${first} what? One of ${words.join(', ')}`);
  }
  const entry = group.find(({ name }) => name === `${first} ${second}`);
  if (entry === undefined) throw unknown(second, words, first);
  return { entry, rest: argv.slice(2) };
}

function unknown(word: string, known: readonly string[], group?: string): CommandLineError {
  const meant = nearest(word, known);
  const full = [group, word].filter(Boolean).join(' ');
  const hint =
    meant === undefined
      ? `one of ${known.join(', ')}`
      : `did you mean "${[group, meant].filter(Boolean).join(' ')}"?`;
  return new CommandLineError(`unknown command "${full}"; ${hint}`);
}
