/** The demo's options: flags for the traffic, OpenTelemetry's own environment variables for where it goes. */
import { parseArgs } from 'node:util';
import { UsageError } from '@sluice/core/errors';
import { OTEL_ENV } from '@sluice/core/names';
import type { Environment } from '@sluice/core/settings';

export interface DemoOptions {
  readonly visitsPerSecond: number;
  readonly durationMs?: number;
  readonly seed: number;
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';
const MAX_VISITS_PER_SECOND = 10_000;

export const DEMO_HELP = `Sends lively traces, logs and metrics of a small web shop until Ctrl-C.

Usage: npm run demo -- [--rate VISITS] [--duration SECONDS] [--seed NUMBER]

  --rate VISITS       visits per second, about 7 spans each (default 5)
  --duration SECONDS  stop after so many seconds (default: at Ctrl-C)
  --seed NUMBER       the same seed tells the same story (default: drawn)
  --help              this text

  ${OTEL_ENV.endpoint}  where to send (default ${DEFAULT_ENDPOINT})
  ${OTEL_ENV.headers}   e.g. authorization=Bearer%20slk_…

Example: npm run demo -- --rate 20 --duration 60
`;

/** @returns `help` when that was asked for. @throws UsageError */
export function parseDemoOptions(
  argv: readonly string[],
  { env, drawSeed }: { env: Environment; drawSeed: () => number },
): DemoOptions | 'help' {
  const values = parseFlags(argv);
  if (values.help) return 'help';
  const durationSeconds = readNumber('--duration', values.duration, { min: 1, max: 1e9 });
  return {
    visitsPerSecond: readNumber('--rate', values.rate, { min: 0.01, max: MAX_VISITS_PER_SECOND }) ?? 5,
    seed: readNumber('--seed', values.seed, { min: 0, max: 2 ** 32 - 1 }) ?? drawSeed(),
    endpoint: parseEndpoint(env[OTEL_ENV.endpoint]),
    headers: parseHeaders(env[OTEL_ENV.headers]),
    ...(durationSeconds === undefined ? {} : { durationMs: durationSeconds * 1000 }),
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
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

function parseEndpoint(text: string | undefined): string {
  const endpoint = text?.trim() || DEFAULT_ENDPOINT;
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new UsageError(`${OTEL_ENV.endpoint} is not an http:// or https:// URL`);
  }
  return endpoint.replace(/\/+$/, '');
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
