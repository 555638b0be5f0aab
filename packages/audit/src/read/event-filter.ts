/** Which events a reader wants, and whether one is among them. */
import type { AuditLevel } from '../event.ts';
import type { OpenedEvent } from '../sealed-event.ts';

/** Lists are alternatives; different fields all have to hold. Text is found anywhere in the event, case aside. */
export interface EventFilter {
  readonly actors?: readonly string[];
  readonly types?: readonly string[];
  readonly targets?: readonly string[];
  readonly categories?: readonly string[];
  readonly levels?: readonly AuditLevel[];
  readonly actions?: readonly string[];
  readonly results?: readonly string[];
  readonly severities?: readonly string[];
  /** Event time, inclusive, epoch milliseconds. */
  readonly fromMs?: number;
  /** Event time, exclusive. */
  readonly toMs?: number;
  readonly text?: string;
}

export function isWanted(event: OpenedEvent, filter: EventFilter): boolean {
  const timeMs = Date.parse(event.time);
  return (
    isOneOf(filter.actors, event.actor?.id) &&
    isOneOf(filter.types, event.type) &&
    isOneOf(filter.categories, event.category) &&
    isOneOf(filter.levels, event.level) &&
    isOneOf(filter.actions, event.action) &&
    isOneOf(filter.results, event.result) &&
    isOneOf(filter.severities, event.severity) &&
    (filter.targets === undefined || event.targets.some(({ id }) => filter.targets?.includes(id))) &&
    timeMs >= (filter.fromMs ?? Number.NEGATIVE_INFINITY) &&
    timeMs < (filter.toMs ?? Number.POSITIVE_INFINITY) &&
    (filter.text === undefined || JSON.stringify(event).toLowerCase().includes(filter.text.toLowerCase()))
  );
}

function isOneOf(wanted: readonly string[] | undefined, value: string | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value));
}
