/** The `slo` section of `sluice.yml`: what the specs have no words for, so that they stay as other tools read them. */
import * as d from '@sluice/config/decoder';
import { isTimeZone } from '@sluice/core/civil-time';
import { DAY_MS } from './slo.ts';

export const CALENDAR_UNITS = ['week', 'month', 'quarter', 'year'] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/** What is said about one SLO. */
export interface SloOverride {
  /** Its error query counts good events. */
  readonly isInverted: boolean;
  readonly periodMs?: number;
  /** The budget starts anew with each of these, rather than rolling. */
  readonly calendar?: CalendarUnit;
  /** Windows with fewer events neither burn nor alert. */
  readonly minEvents?: number;
}

/** Maintenance: what happened then counts neither as good nor as bad. */
export interface Exclusion {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Ids, `*` at the end stands for any rest; empty: all SLOs. */
  readonly slos: readonly string[];
  readonly reason: string;
}

export interface SloSettings {
  readonly defaultPeriodMs: number;
  /** How often the ledger is brought up to date. */
  readonly updateIntervalMs: number;
  /** Slots so old are computed again, since data may have come late. */
  readonly lateMs: number;
  /** Of calendar periods, an IANA name. */
  readonly timeZone: string;
  /** Windows with fewer events neither burn nor alert; unless an SLO says otherwise. */
  readonly minEvents: number;
  readonly overrides: ReadonlyMap<string, SloOverride>;
  readonly exclusions: readonly Exclusion[];
}

export const DEFAULT_SLO_SETTINGS: SloSettings = {
  defaultPeriodMs: 30 * DAY_MS,
  updateIntervalMs: 60_000,
  lateMs: 900_000,
  timeZone: 'UTC',
  minEvents: 0,
  overrides: new Map(),
  exclusions: [],
};

/** RFC 3339; YAML without quotes gives it as text too. */
const time: d.Decoder<number> = d.mapped(d.nonEmptyText, (value, node) => {
  const timeMs = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  node.report(`want a time such as 2026-01-31T22:00:00Z, got ${JSON.stringify(value)}`);
  return undefined;
});

const exclusion: d.Decoder<Exclusion> = d.mapped(
  d.mapping({
    from: d.required(time),
    until: d.required(time),
    slos: d.withDefault(d.listOf(d.nonEmptyText), []),
    reason: d.withDefault(d.text, ''),
  }),
  ({ from, until, slos, reason }, node) => {
    if (until <= from) node.report('until must be later than from');
    return { fromMs: from, untilMs: until, slos, reason };
  },
);

const count = d.checked(d.number, (value) => (value >= 0 ? undefined : 'must not be negative'));
const days = d.checked(d.durationMs, (value) =>
  value >= DAY_MS ? undefined : 'want a period of at least 1d',
);

const override: d.Decoder<SloOverride> = d.mapped(
  d.mapping({
    invert: d.withDefault(d.boolean, false),
    period: d.optional(days),
    calendar: d.optional(d.oneOf(...CALENDAR_UNITS)),
    min_events: d.optional(count),
  }),
  ({ invert, period, calendar, min_events }) => ({
    isInverted: invert,
    ...(period === undefined ? {} : { periodMs: period }),
    ...(calendar === undefined ? {} : { calendar }),
    ...(min_events === undefined ? {} : { minEvents: min_events }),
  }),
);

const timeZone = d.checked(d.nonEmptyText, (name) =>
  isTimeZone(name) ? undefined : `${JSON.stringify(name)} is no time zone: want a name such as Europe/Berlin`,
);

const atLeastASecond = d.checked(d.durationMs, (value) => (value >= 1_000 ? undefined : 'want at least 1s'));

const DEFAULTS = DEFAULT_SLO_SETTINGS;
const section = d.mapped(
  d.mapping({
    default_period: d.withDefault(days, DEFAULTS.defaultPeriodMs),
    update_interval: d.withDefault(atLeastASecond, DEFAULTS.updateIntervalMs),
    late_data: d.withDefault(d.durationMs, DEFAULTS.lateMs),
    time_zone: d.withDefault(timeZone, DEFAULTS.timeZone),
    min_events: d.withDefault(count, DEFAULTS.minEvents),
    objectives: d.withDefault(d.mapOf(override), new Map<string, SloOverride>()),
    exclusions: d.withDefault(d.listOf(exclusion), []),
  }),
  (value): SloSettings => ({
    defaultPeriodMs: value.default_period,
    updateIntervalMs: value.update_interval,
    lateMs: value.late_data,
    timeZone: value.time_zone,
    minEvents: value.min_events,
    overrides: value.objectives,
    exclusions: value.exclusions,
  }),
);

/** Other sections of the file belong to others. */
export function parseSloSettings(
  source: string,
  { file }: { readonly file: string },
): d.DecodedFile<SloSettings> {
  const decode = d.mapped(
    d.mapping({ slo: d.withDefault(section, DEFAULTS) }, { isLenient: true }),
    ({ slo }) => slo,
  );
  return d.decodeYaml(source, decode, { file });
}
