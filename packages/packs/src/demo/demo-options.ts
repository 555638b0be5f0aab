/** The demo's options: flags for what is played, the command line's and OpenTelemetry's own variables for where it goes. */
import { parseArgs } from 'node:util';
import { UsageError } from '@sluice/core/errors';
import { ENV, OTEL_ENV } from '@sluice/core/names';
import { type Environment, readText, readUrl } from '@sluice/core/settings';
import { PLAY_NAMES, type PlayName } from './systems/systems.ts';

export interface DemoOptions {
  /** In the order of `PLAY_NAMES`. */
  readonly plays: readonly PlayName[];
  readonly visitsPerSecond: number;
  readonly durationMs?: number;
  readonly seed: number;
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';
const MAX_VISITS_PER_SECOND = 10_000;

export const DEMO_HELP = `Sends lively traces, logs and metrics of a small web shop and the metrics of five systems until Ctrl-C.

Usage: npm run demo -- [--only NAMES] [--rate VISITS] [--duration SECONDS] [--seed NUMBER]

  --only NAMES        some of ${PLAY_NAMES.join(', ')};
                      comma-separated (default: all)
  --rate VISITS       visits to the shop per second, about 7 spans each (default 5)
  --duration SECONDS  stop after so many seconds (default: at Ctrl-C)
  --seed NUMBER       the same seed tells the same story (default: drawn)
  --help              this text

  ${ENV.url}                   where to send (default ${DEFAULT_ENDPOINT})
  ${ENV.key}                   the key, where one is asked for
  ${OTEL_ENV.endpoint}  where to send, unless ${ENV.url} is set
  ${OTEL_ENV.headers}   e.g. authorization=Bearer%20slk_…

Examples: npm run demo -- --rate 20 --duration 60
          npm run demo -- --only lyss,loom
`;

/** @returns `help` when that was asked for. @throws UsageError */
export function parseDemoOptions(
  argv: readonly string[],
  { env, drawSeed }: { env: Environment; drawSeed: () => number },
): DemoOptions | 'help' {
  const values = parseFlags(argv);
  if (values.help) return 'help';
  const key = readText(env, ENV.key);
  const durationSeconds = readNumber('--duration', values.duration, { min: 1, max: 1e9 });
  return {
    plays: parsePlays(values.only),
    visitsPerSecond: readNumber('--rate', values.rate, { min: 0.01, max: MAX_VISITS_PER_SECOND }) ?? 5,
    seed: readNumber('--seed', values.seed, { min: 0, max: 2 ** 32 - 1 }) ?? drawSeed(),
    endpoint: readUrl(env, ENV.url) ?? readUrl(env, OTEL_ENV.endpoint) ?? DEFAULT_ENDPOINT,
    headers: {
      ...parseHeaders(env[OTEL_ENV.headers]),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(durationSeconds === undefined ? {} : { durationMs: durationSeconds * 1000 }),
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string', multiple: true },
        rate: { type: 'string' },
        duration: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    throw new UsageError(`${reason}; "npm run demo -- --help" lists the options`, { cause });
  }
}

function readNumber(
  name: string,
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max)) {
    throw new UsageError(`${name} ${JSON.stringify(text)} is not a number from ${min} to ${max}`);
  }
  return value;
}

function parsePlays(texts: readonly string[] = []): readonly PlayName[] {
  if (texts.length === 0) return PLAY_NAMES;
  const names = texts.flatMap((text) => text.split(',')).map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !PLAY_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new UsageError(`--only ${JSON.stringify(unknown)} is not one of ${PLAY_NAMES.join(', ')}`);
  }
  return PLAY_NAMES.filter((name) => names.includes(name));
}

/** `key=value` pairs, comma-separated, values percent-encoded (OTLP exporter specification § Specifying headers). */
function parseHeaders(text = ''): Readonly<Record<string, string>> {
  const pairs = text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const border = pair.indexOf('=');
      return [pair.slice(0, border).trim(), decode(pair.slice(border + 1).trim())];
    }),
  );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
