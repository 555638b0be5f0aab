/**
 * What AWS may do to functions and their messages, drawn by seed: every probability is of one invocation, of
 * one batch or of one call. Calm unless a test says otherwise.
 */
import { createRandom, type Random } from '@sluice/core/testing/random';

export interface Hostility {
  /** The environment is gone at a random moment of its work. */
  readonly killed: number;
  /** It has done its work, and is gone before anyone hears of it. */
  readonly unheard: number;
  /** It stands still for a while in the middle of its work, then goes on. */
  readonly frozen: number;
  /** It has next to no time. */
  readonly hurried: number;
  /** A call to AWS is answered 500; the probability is of one call. */
  readonly callFails: number;
  /** It does what it is asked to, and its answer gets lost. */
  readonly callUnheard: number;
  /** The batch is delivered a second time although it was done, as a standard queue may. */
  readonly repeated: number;
  /** The batch is held back for a while, maybe for longer than its messages are hidden. */
  readonly heldBack: number;
  /** Messages of a standard queue come in any order. */
  readonly shuffled: boolean;
}

export const CALM: Hostility = {
  killed: 0,
  unheard: 0,
  frozen: 0,
  hurried: 0,
  callFails: 0,
  callUnheard: 0,
  repeated: 0,
  heldBack: 0,
  shuffled: false,
};

export const HOSTILE: Hostility = {
  killed: 0.05,
  unheard: 0.05,
  frozen: 0.06,
  hurried: 0.05,
  callFails: 0.02,
  callUnheard: 0.02,
  repeated: 0.25,
  heldBack: 0.2,
  shuffled: true,
};

export type Trouble = Exclude<keyof Hostility, 'shuffled'>;

export interface Fate {
  readonly random: Random;
  readonly seed: number;
  readonly hostility: Hostility;
  /** How often each happened. */
  readonly counts: ReadonlyMap<Trouble | 'shuffled', number>;
  set(hostility: Hostility): void;
  /** Whether it happens now; counted. */
  strikes(trouble: Trouble): boolean;
  /** In another order, if that happens now. */
  shuffle<T>(values: readonly T[]): readonly T[];
}

export function createFate(seed: number): Fate {
  const random = createRandom(seed);
  const counts = new Map<Trouble | 'shuffled', number>();
  const count = (what: Trouble | 'shuffled'): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  let hostility = CALM;
  return {
    random,
    seed,
    counts,
    get hostility() {
      return hostility;
    },
    set: (next) => {
      hostility = next;
    },
    strikes(trouble) {
      const isStruck = hostility[trouble] > 0 && random.chance(hostility[trouble]);
      if (isStruck) count(trouble);
      return isStruck;
    },
    shuffle(values) {
      if (!hostility.shuffled || values.length < 2) return values;
      count('shuffled');
      return values
        .map((value) => [random.next(), value] as const)
        .sort(([a], [b]) => a - b)
        .map(([, value]) => value);
    },
  };
}
