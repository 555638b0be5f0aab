/**
 * Which windows alert on which share of the budget, for each period: Google's recommendation for 28 and 30
 * days, and catalogues of Sloth's kind `AlertWindows`. Source: The Site Reliability Workbook, "Alerting on SLOs".
 */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import { DAY_MS } from '../slo.ts';

export interface AlertWindow {
  /** Of the period's whole budget, spent within the long window. */
  readonly errorBudgetPercent: number;
  /** Ends the alert soon after the errors end. */
  readonly shortMs: number;
  readonly longMs: number;
}

export interface AlertWindows {
  readonly periodMs: number;
  readonly page: { readonly quick: AlertWindow; readonly slow: AlertWindow };
  readonly ticket: { readonly quick: AlertWindow; readonly slow: AlertWindow };
}

/** By period in milliseconds. */
export type WindowCatalogue = ReadonlyMap<number, AlertWindows>;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function recommended(periodMs: number): AlertWindows {
  return {
    periodMs,
    page: {
      quick: { errorBudgetPercent: 2, shortMs: 5 * MINUTE_MS, longMs: HOUR_MS },
      slow: { errorBudgetPercent: 5, shortMs: 30 * MINUTE_MS, longMs: 6 * HOUR_MS },
    },
    ticket: {
      quick: { errorBudgetPercent: 10, shortMs: 2 * HOUR_MS, longMs: DAY_MS },
      slow: { errorBudgetPercent: 10, shortMs: 6 * HOUR_MS, longMs: 3 * DAY_MS },
    },
  };
}

export const DEFAULT_CATALOGUE: WindowCatalogue = new Map(
  [28, 30].map((days) => [days * DAY_MS, recommended(days * DAY_MS)]),
);

const positiveDuration = d.checked(d.durationMs, (value) =>
  value > 0 ? undefined : 'must be longer than 0',
);
const window: d.Decoder<AlertWindow> = d.mapped(
  d.mapping({
    errorBudgetPercent: d.required(
      d.checked(d.number, (value) => (value > 0 ? undefined : 'must be above 0')),
    ),
    shortWindow: d.required(positiveDuration),
    longWindow: d.required(positiveDuration),
  }),
  ({ errorBudgetPercent, shortWindow, longWindow }) => ({
    errorBudgetPercent,
    shortMs: shortWindow,
    longMs: longWindow,
  }),
);
const quickAndSlow = d.mapping({ quick: d.required(window), slow: d.required(window) });
const document = d.mapping({
  apiVersion: d.required(d.text),
  kind: d.required(d.text),
  metadata: d.optional((node) => node.toPlain() ?? ''),
  spec: d.required(
    d.mapping({
      sloPeriod: d.required(positiveDuration),
      page: d.required(quickAndSlow),
      ticket: d.required(quickAndSlow),
    }),
  ),
});

export function parseAlertWindows(node: ConfigNode): AlertWindows | undefined {
  const decoded = document(node);
  if (decoded === undefined) return undefined;
  const { sloPeriod, page, ticket } = decoded.spec;
  return { periodMs: sloPeriod, page, ticket };
}

/** How many times faster than evenly the budget is spent when an alert's share goes within its long window. */
export function burnFactorOf(
  { periodMs }: AlertWindows,
  { errorBudgetPercent, longMs }: AlertWindow,
): number {
  // In the order of Sloth's arithmetic, so that generated expressions have the same digits.
  const hours = (errorBudgetPercent * (periodMs / HOUR_MS)) / 100;
  return hours / (longMs / HOUR_MS);
}

/** Ascending, each once. */
export function windowsOf({ page, ticket }: AlertWindows): readonly number[] {
  const all = [page.quick, page.slow, ticket.quick, ticket.slow];
  return [...new Set(all.flatMap(({ shortMs, longMs }) => [shortMs, longMs]))].sort((a, b) => a - b);
}
