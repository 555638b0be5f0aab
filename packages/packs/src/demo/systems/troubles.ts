/** What goes wrong and when, as pure functions of time: dashboards and alerts shall have something to show, and an end of it. */
import { type Amount, amountAt, type Moment } from './system.ts';

export interface Trouble {
  /** Who is struck, if anyone. */
  at(seconds: number): string | undefined;
  says(who: string): string;
}

/** One after the other: at any time exactly one member is struck. */
export function takingTurns(members: readonly string[], turnSeconds: number, says: Trouble['says']): Trouble {
  return { says, at: (seconds) => members[Math.floor(seconds / turnSeconds) % members.length] };
}

export interface Recurrence {
  readonly everySeconds: number;
  readonly fromSeconds: number;
  readonly forSeconds: number;
}

/** Strikes in a part of every cycle; of several members another one each cycle. */
export function nowAndThen(
  who: string | readonly string[],
  { everySeconds, fromSeconds, forSeconds }: Recurrence,
  says: Trouble['says'],
): Trouble {
  const members = typeof who === 'string' ? [who] : who;
  return {
    says,
    at(seconds) {
      const phase = seconds % everySeconds;
      if (phase < fromSeconds || phase >= fromSeconds + forSeconds) return undefined;
      return members[Math.floor(seconds / everySeconds) % members.length];
    },
  };
}

export interface Choice {
  readonly struck: Amount;
  readonly else: Amount;
}

export function during(trouble: Trouble, choice: Choice): Amount {
  return (moment) => amountAt(trouble.at(moment.seconds) === undefined ? choice.else : choice.struck, moment);
}

export function whileStruck(trouble: Trouble, who: string, choice: Choice): Amount {
  return (moment) => amountAt(trouble.at(moment.seconds) === who ? choice.struck : choice.else, moment);
}

/** The instance that the moment is of. */
export function whereStruck(trouble: Trouble, choice: Choice): Amount {
  return (moment) => amountAt(isStruckHere(trouble, moment) ? choice.struck : choice.else, moment);
}

export function isStruckHere(trouble: Trouble, { seconds, instance }: Moment): boolean {
  return trouble.at(seconds) === instance;
}
