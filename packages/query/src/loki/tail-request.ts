/** Reads the parameters of a tail request, as Loki takes them. */
import type { LogSelector } from '../logql/ast.ts';
import { LogqlError } from '../logql/logql-error.ts';
import { parseLogql } from '../logql/parse-logql.ts';
import { BadParameter, type Parameters, parseTimeNs, readLimit, requireQuery } from './parameters.ts';

export interface TailRequest {
  readonly selector: LogSelector;
  /** Lines from before the tail that are shown first start here… */
  readonly startNs: bigint;
  /** …and are at most so many, the newest. */
  readonly limit: number;
  /** How long lines are held back, so that what comes late from elsewhere is shown in order. */
  readonly delayForMs: number;
}

const DEFAULT_HISTORY_NS = 3_600_000_000_000n;
/** Loki's limit. */
const MAX_DELAY_S = 5;

/** @throws LogqlError, BadParameter */
export function parseTailRequest(parameters: Parameters, nowMs: number): TailRequest {
  const selector = parseLogql(requireQuery(parameters.get('query')));
  if (selector.kind !== 'logs') throw new LogqlError('only log queries can be tailed, not metric queries');
  const delay = parameters.get('delay_for') ?? '';
  if (!/^\d*$/.test(delay))
    throw new BadParameter(`invalid delay_for ${JSON.stringify(delay)}: whole seconds`);
  if (Number(delay) > MAX_DELAY_S) throw new BadParameter(`delay_for can't be greater than ${MAX_DELAY_S}`);
  const start = parameters.get('start') ?? '';
  const nowNs = BigInt(Math.floor(nowMs)) * 1_000_000n;
  return {
    selector,
    startNs: start === '' ? nowNs - DEFAULT_HISTORY_NS : parseTimeNs('start', start),
    limit: readLimit(parameters),
    delayForMs: Number(delay) * 1000,
  };
}
