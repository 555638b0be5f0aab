/** Log lines as Loki's API hands them out. */
import { UsageError } from '@sluice/core/errors';
import type { ApiAnswer } from '../api-client.ts';

export interface LogLine {
  readonly timeNs: bigint;
  readonly line: string;
  /** Of the stream alone, where the answer keeps them apart. */
  readonly stream: Readonly<Record<string, string>>;
  /** All labels. */
  readonly labels: Readonly<Record<string, string>>;
}

interface WireStream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [
    string,
    string,
    {
      readonly structuredMetadata?: Readonly<Record<string, string>>;
      readonly parsed?: Readonly<Record<string, string>>;
    }?,
  ])[];
}

/** In the order of their times. */
export function toLogLines(streams: readonly WireStream[]): readonly LogLine[] {
  return streams
    .flatMap(({ stream, values }) =>
      values.map(([time, line, { structuredMetadata = {}, parsed = {} } = {}]) => ({
        timeNs: BigInt(time),
        line,
        stream,
        labels: { ...stream, ...structuredMetadata, ...parsed },
      })),
    )
    .sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
}

export interface LogAnswer {
  readonly resultType: string;
  readonly result: unknown;
}

/** @throws UsageError with what the server says is wrong, or when it is no log API. */
export function readLogAnswer({ status, text }: ApiAnswer, url: string): LogAnswer {
  if (status === 429) throw new UsageError(text.trim());
  try {
    const { data } = JSON.parse(text) as { data: LogAnswer };
    if (typeof data.resultType === 'string') return data;
  } catch {
    // Told below.
  }
  throw new UsageError(`what answers at ${url} is no Loki API (HTTP ${status})`);
}

export function isStreams(
  answer: LogAnswer,
): answer is LogAnswer & { readonly result: readonly WireStream[] } {
  return answer.resultType === 'streams';
}
