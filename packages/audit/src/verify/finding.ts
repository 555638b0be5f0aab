/** What a verification reports. */

/** `mutated`: differs from what the log implies. `missing`: implied, not there. `extra`: there, not implied. */
export interface Finding {
  readonly kind: 'mutated' | 'missing' | 'extra';
  /** Sort key of the item, or the sequence number of the event. */
  readonly where: string;
  readonly what: string;
}

export type Report = (kind: Finding['kind'], where: string, what: string) => void;
