/** What became of one file. */
import type { Signal } from '@sluice/core/names';
import type { PostOutcome } from './post-request.ts';
import type { PreparedRequest } from './request-document.ts';

export interface FileReport {
  readonly file: string;
  readonly signals: readonly Signal[];
  readonly requests: number;
  /** Items: spans, log records, data points. */
  readonly accepted: number;
  readonly rejected: number;
  /** Requests that were accepted with a warning. */
  readonly warned: number;
  /** Requests that were refused as a whole, or given up. */
  readonly refused: number;
  readonly retries: number;
  readonly notes: readonly Note[];
}

export interface Note {
  readonly kind: 'rejected' | 'warned' | 'refused';
  /** As it was said of the first case; the others differ in places and values only. */
  readonly reason: string;
  readonly count: number;
  /** Line of the first case, in a file of many requests. */
  readonly line?: number;
}

export interface ReportBuilder {
  addOutcome(request: PreparedRequest, outcome: PostOutcome & { readonly items: number }): void;
  /** For a dry run: what our own validation says counts as the outcome. */
  addVerdict(request: PreparedRequest): void;
  addUnreadable(reason: string, line?: number): void;
  build(): FileReport;
}

/** Kinds of reasons kept per file, whatever the file holds. */
const MAX_NOTES = 50;

export function createReport(file: string): ReportBuilder {
  const signals = new Set<Signal>();
  const notes = new Map<string, { kind: Note['kind']; reason: string; count: number; line?: number }>();
  const sums = { requests: 0, accepted: 0, rejected: 0, warned: 0, refused: 0, retries: 0 };

  const note = (kind: Note['kind'], reason: string, line: number | undefined): void => {
    const key = `${kind} ${shapeOf(reason)}`;
    const known = notes.get(key);
    if (known !== undefined) known.count++;
    else if (notes.size < MAX_NOTES)
      notes.set(key, { kind, reason, count: 1, ...(line === undefined ? {} : { line }) });
  };
  const refuse = (reason: string, line: number | undefined): void => {
    sums.refused++;
    note('refused', reason, line);
  };
  const accept = (items: number, rejected: number): void => {
    sums.accepted += Math.max(0, items - rejected);
    sums.rejected += rejected;
  };

  return {
    addOutcome({ signal, document: { line } }, outcome) {
      signals.add(signal);
      sums.requests++;
      sums.retries += outcome.retries;
      if (outcome.status !== 'accepted') return refuse(outcome.reason, line);
      accept(outcome.items, outcome.rejected);
      if (outcome.rejected > 0) note('rejected', outcome.message, line);
      else if (outcome.message !== '') {
        sums.warned++;
        note('warned', outcome.message, line);
      }
    },
    addVerdict({ signal, items, verdict, document: { line } }) {
      signals.add(signal);
      sums.requests++;
      if (verdict.status === 'malformed') return refuse(verdict.reason, line);
      accept(items, verdict.rejected);
      for (const reason of verdict.reasons) note('rejected', reason, line);
      for (const warning of verdict.warnings) note('warned', warning, line);
      if (verdict.warnings.length > 0) sums.warned++;
    },
    addUnreadable(reason, line) {
      sums.requests++;
      refuse(reason, line);
    },
    build: () => ({ file, signals: [...signals], ...sums, notes: [...notes.values()] }),
  };
}

/** The reason without what differs from case to case: indices, quoted values, counts. */
function shapeOf(reason: string): string {
  return reason.replaceAll(/"[^"]*"/g, '"…"').replaceAll(/\d+/g, '#');
}
