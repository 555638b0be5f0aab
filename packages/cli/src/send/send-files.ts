/** Reads, prepares and sends all requests of all inputs, several at a time, and reports per file. */
import { describeError, PermanentError } from '@sluice/core/errors';
import type { Signal } from '@sluice/core/names';
import type { Io } from '../io.ts';
import { deliverRequest } from './deliver-request.ts';
import { createReport, type FileReport, type ReportBuilder } from './file-report.ts';
import type { Input } from './find-inputs.ts';
import { createPace } from './pace.ts';
import { createPost, type Destination } from './post-request.ts';
import { prepareRequest } from './prepare-request.ts';
import { createProgress } from './progress.ts';
import { readDocuments } from './read-documents.ts';
import type { PreparedRequest, RequestDocument } from './request-document.ts';

export interface SendOptions {
  /** Absent for a dry run. */
  readonly destination?: Destination;
  readonly signal?: Signal;
  readonly concurrency: number;
  readonly repeat: number;
  readonly itemsPerSecond?: number;
}

/** @throws UsageError when nothing that is sent can succeed. */
export async function sendFiles(
  inputs: readonly Input[],
  options: SendOptions,
  io: Io,
): Promise<readonly FileReport[]> {
  const { destination, signal, concurrency, repeat, itemsPerSecond } = options;
  const reports = new Map(inputs.map((input) => [input, createReport(input.name)]));
  const pace = createPace(itemsPerSecond, io.clock);
  const progress = createProgress(io.stderr, io.clock);
  const jobs = allDocuments(inputs, { repeat, io, reports });
  const failure = new AbortController();
  const stop = AbortSignal.any([io.signal, failure.signal]);
  const post = destination && createPost(destination, { ...io, signal: stop });

  const work = async (): Promise<void> => {
    for await (const { document, report } of shared(jobs)) {
      if (stop.aborted) return;
      const request = tryPrepare(document, report, {
        nowMs: io.clock.nowMs(),
        ...(signal === undefined ? {} : { signal }),
      });
      if (request === undefined) continue;
      if (post === undefined) report.addVerdict(request);
      else {
        await pace.take(request.items, stop);
        if (stop.aborted) return;
        for (const outcome of await deliverRequest(request, post)) report.addOutcome(request, outcome);
      }
      progress.add(request.items);
    }
  };
  try {
    await Promise.all(
      Array.from({ length: destination === undefined ? 1 : concurrency }, () =>
        work().catch((error) => {
          failure.abort();
          throw error;
        }),
      ),
    );
  } finally {
    progress.clear();
    await jobs.return(undefined);
  }
  return [...reports.values()].map((report) => report.build());
}

interface Job {
  readonly document: RequestDocument;
  readonly report: ReportBuilder;
}

interface Source {
  readonly repeat: number;
  readonly io: Io;
  readonly reports: ReadonlyMap<Input, ReportBuilder>;
}

async function* allDocuments(inputs: readonly Input[], { repeat, io, reports }: Source): AsyncGenerator<Job> {
  for (let round = 0; round < repeat; round++) {
    for (const input of inputs) {
      const report = reports.get(input)!;
      let isEmpty = true;
      try {
        for await (const document of readDocuments(input, io.stdin)) {
          isEmpty = false;
          yield { document, report };
        }
        if (isEmpty) report.addUnreadable('the file is empty');
      } catch (error) {
        report.addUnreadable(describeError(error));
      }
    }
  }
}

/** Lets several loops pull from one generator: leaving one loop must not end it for the others. */
async function* shared<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}

function tryPrepare(
  document: RequestDocument,
  report: ReportBuilder,
  options: { readonly signal?: Signal; readonly nowMs: number },
): PreparedRequest | undefined {
  try {
    return prepareRequest(document, options);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    report.addUnreadable(describeError(error), document.line);
    return undefined;
  }
}
