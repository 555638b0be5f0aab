/** What all parts of one evaluation share: its times, options, loaded series, limits and annotations. */
import type { CallExpr, VectorSelector } from '../parse/ast.ts';
import { QueryError } from '../query-error.ts';
import type { SeriesData } from '../series-reader.ts';
import type { Annotations } from './annotations.ts';
import type { Grid } from './grid.ts';

export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

export interface QueryContext extends QueryTimes {
  readonly lookbackMs: number;
  /** Step of a subquery that names none, by its range. */
  readonly defaultStepMs: (rangeMs: number) => number;
  readonly useStartTimestamps: boolean;
  readonly typeAndUnitLabels: boolean;
  /** Series of each selector; for `info` its info series, by the call. */
  readonly selections: ReadonlyMap<VectorSelector | CallExpr, readonly SeriesData[]>;
  readonly annotations: Annotations;
  readonly budget: SampleBudget;
  /** Throws the timeout error once the query has run too long; cheap enough for every series. */
  checkTime(): void;
}

/** A query context and the grid an expression is evaluated on. */
export interface Evaluation {
  readonly query: QueryContext;
  readonly grid: Grid;
}

/** Samples held in memory: those loaded and those of intermediate results. */
export interface SampleBudget {
  charge(samples: number): void;
  release(samples: number): void;
  /** Characters of label values that the query makes itself; they are held to its end. */
  chargeText(characters: number): void;
  /** Most that were held at once. */
  peak(): number;
}

/** Prometheus' words. */
export const TOO_MANY_SAMPLES = 'query processing would load too many samples into memory in query execution';

export function createSampleBudget(maxSamples: number, maxLabelText: number): SampleBudget {
  let held = 0;
  let peak = 0;
  let text = 0;
  return {
    charge(samples) {
      held += samples;
      peak = Math.max(peak, held);
      if (held > maxSamples) {
        throw new QueryError('execution', TOO_MANY_SAMPLES);
      }
    },
    release(samples) {
      held -= samples;
    },
    chargeText(characters) {
      text += characters;
      if (text > maxLabelText) {
        throw new QueryError(
          'execution',
          `query processing would make more than ${maxLabelText.toLocaleString('en')} characters of label values`,
        );
      }
    },
    peak: () => peak,
  };
}
