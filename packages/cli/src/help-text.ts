/** The help of everything, made from the tables alone. */
import type { Command, OptionTable } from './command.ts';
import type { CommandEntry } from './commands.ts';
import { SHARED_OPTIONS } from './parse-command-line.ts';

export function overviewHelp(commands: readonly CommandEntry[]): string {
  return `Sluice takes OTLP in and brings it to where people read it. The pipeline itself starts with "npm start".

Usage: sluice COMMAND [options]

${listCommands(commands)}

"sluice COMMAND --help" tells more. Exit codes: 0 done, 1 failed, 2 wrong usage.
`;
}

export function groupHelp(group: string, commands: readonly CommandEntry[]): string {
  return `Usage: sluice ${group} COMMAND [options]

${listCommands(commands)}

"sluice ${group} COMMAND --help" tells more.
`;
}

export function commandHelp(name: string, command: Command): string {
  const usage = ['sluice', name, '[options]', command.operands].filter(Boolean).join(' ');
  return `${command.about}

Usage: ${usage}

${listOptions({ ...command.options, ...SHARED_OPTIONS })}

${command.examples.length === 1 ? 'Example' : 'Examples'}:
${command.examples.map((example) => `  ${example}`).join('\n')}
`;
}

function listCommands(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
}

function listOptions(options: OptionTable): string {
  const rows = Object.entries(options).map(([name, { value, short, help }]) => {
    const flag = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    return [flag, help] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`).join('\n');
}
