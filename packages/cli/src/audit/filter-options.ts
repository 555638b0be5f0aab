/** The options that say which events are meant, the same for every command that reads the trail. */
import type { OptionTable } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { parseDurationMs } from '../parse-duration.ts';

export const FILTER_OPTIONS = {
  actor: { type: 'string', value: 'ID', multiple: true, help: 'who acted; may be repeated' },
  type: {
    type: 'string',
    value: 'TYPE',
    multiple: true,
    help: 'type of event, e.g. USER_LOGIN; may be repeated',
  },
  level: {
    type: 'string',
    value: 'LEVEL',
    multiple: true,
    help: 'INFO, WARNING, ERROR or CRITICAL; may be repeated',
  },
  action: { type: 'string', value: 'ACTION', multiple: true, help: 'what was done; may be repeated' },
  target: { type: 'string', value: 'ID', multiple: true, help: 'to what; may be repeated' },
  result: {
    type: 'string',
    value: 'RESULT',
    multiple: true,
    help: 'how it ended, e.g. denied; may be repeated',
  },
  severity: {
    type: 'string',
    value: 'SEVERITY',
    multiple: true,
    help: 'of security events; may be repeated',
  },
  since: { type: 'string', value: 'DURATION', help: 'events of the last 30m, 24h, 7d …' },
  from: { type: 'string', value: 'TIME', help: 'first time of event, such as 2026-01-31T12:00:00Z' },
  to: { type: 'string', value: 'TIME', help: 'time before which events lie' },
  text: { type: 'string', value: 'TEXT', help: 'text anywhere in the event' },
} as const satisfies OptionTable;

const LISTS = ['actor', 'type', 'level', 'action', 'target', 'result', 'severity'] as const;

type FilterValues = {
  readonly [Name in (typeof LISTS)[number]]: readonly string[];
} & { readonly [Name in 'since' | 'from' | 'to' | 'text']: string | undefined };

/** @throws CommandLineError */
export function toParameters(options: FilterValues, nowMs: number): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const name of LISTS) for (const value of options[name]) parameters.append(name, value);
  const { since, from, to, text } = options;
  if (since !== undefined && from !== undefined)
    throw new CommandLineError('--since does not go with --from');
  const start = since === undefined ? from : new Date(nowMs - parseDurationMs('since', since)).toISOString();
  for (const [name, value] of Object.entries({ from: start, to, text }))
    if (value !== undefined) parameters.set(name, value);
  return parameters;
}
