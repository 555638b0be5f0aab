/** The lines of a stream around one of them: what happened before and after. */
import type { LogReader } from '@sluice/backends/log-reader';
import type { TenantId } from '@sluice/core/ids';
import { createQueryStats, type LogResult, runLogQuery } from '../logql/log-query.ts';
import { parseMatchers } from '../logql/parse-selector.ts';
import { BadParameter, type Parameters, parseTimeNs, requireQuery } from './parameters.ts';

export interface LineContext {
  readonly before: readonly ContextLine[];
  /** Of the very time that was asked for. */
  readonly at: readonly ContextLine[];
  readonly after: readonly ContextLine[];
}

export interface ContextLine {
  /** Unix nanoseconds, as text. */
  readonly timeNs: string;
  readonly line: string;
}

const DEFAULT_LINES = 5;
const MAX_LINES = 1000;
const MAX_AT = 100;

/** `query`: a stream selector; `time`; `before` and `after`: how many lines. @throws LogqlError, BadParameter */
export async function readLineContext(
  parameters: Parameters,
  {
    reader,
    tenant,
    signal,
  }: { readonly reader: LogReader; readonly tenant: TenantId; readonly signal: AbortSignal },
): Promise<LineContext> {
  const matchers = parseMatchers(requireQuery(parameters.get('query')));
  const time = parameters.get('time') ?? '';
  if (time === '') throw new BadParameter("'time' is missing: of the line, in nanoseconds or RFC 3339");
  const timeNs = parseTimeNs('time', time);
  const ask = async (
    range: { readonly startNs: bigint; readonly endNs: bigint },
    direction: 'forward' | 'backward',
    limit: number,
  ): Promise<readonly ContextLine[]> => {
    if (limit === 0) return [];
    const options = { ...range, limit, direction, stats: createQueryStats() };
    const selector = { kind: 'logs', matchers, stages: [] } as const;
    return (await runLogQuery(selector, { reader, tenant, signal }, options)).map(toContextLine);
  };
  const before = readCount(parameters, 'before');
  const after = readCount(parameters, 'after');
  return {
    before: (await ask({ startNs: 0n, endNs: timeNs }, 'backward', before)).toReversed(),
    at: await ask({ startNs: timeNs, endNs: timeNs + 1n }, 'forward', MAX_AT),
    after: await ask({ startNs: timeNs + 1n, endNs: 2n ** 63n - 1n }, 'forward', after),
  };
}

function toContextLine({ timeNs, line }: LogResult): ContextLine {
  return { timeNs: String(timeNs), line };
}

function readCount(parameters: Parameters, name: 'before' | 'after'): number {
  const text = parameters.get(name) ?? String(DEFAULT_LINES);
  const count = Number(text);
  if (!/^\d+$/.test(text) || count > MAX_LINES) {
    throw new BadParameter(
      `'${name}' must be a whole number from 0 to ${MAX_LINES}, not ${JSON.stringify(text)}`,
    );
  }
  return count;
}
