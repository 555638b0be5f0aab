/** The tree of routes: what each inherits, the key that its groups carry, and which routes an alert takes. */
import { formatMatchers, type LabelMatcher, matchesAll } from '../match/matcher.ts';
import { formatLabelSet, type LabelSet } from '../model/label-set.ts';

/** As written; undefined is inherited. */
export interface RouteConfig {
  readonly receiver: string | undefined;
  readonly groupBy: readonly string[] | undefined;
  readonly continues: boolean;
  readonly matchers: readonly LabelMatcher[];
  readonly groupWaitMs: number | undefined;
  readonly groupIntervalMs: number | undefined;
  readonly repeatIntervalMs: number | undefined;
  /** Never inherited. */
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly RouteConfig[];
}

export interface Route {
  /** `{}/{severity="critical"}`: unique but for twins, byte-equal to Alertmanager's. */
  readonly key: string;
  readonly receiver: string;
  /** `undefined` groups by all labels (`group_by: ['...']`). */
  readonly groupBy: readonly string[] | undefined;
  readonly continues: boolean;
  readonly matchers: readonly LabelMatcher[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly Route[];
}

/** Alertmanager's defaults. */
export const ROUTE_DEFAULTS = {
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 14_400_000,
} as const;

export function buildRoutes(config: RouteConfig, parent?: Route): Route {
  const own = formatMatchers(config.matchers);
  const groupBy = config.groupBy;
  const route = {
    key: parent === undefined ? own : `${parent.key}/${own}`,
    receiver:
      config.receiver === undefined || config.receiver === '' ? (parent?.receiver ?? '') : config.receiver,
    groupBy:
      // An empty list says nothing, so that a child cannot undo its parent's grouping (source: dispatch.NewRoute).
      groupBy === undefined || groupBy.length === 0
        ? parent === undefined
          ? []
          : parent.groupBy
        : groupBy.includes('...')
          ? undefined
          : groupBy,
    continues: config.continues,
    matchers: config.matchers,
    groupWaitMs: config.groupWaitMs ?? parent?.groupWaitMs ?? ROUTE_DEFAULTS.groupWaitMs,
    groupIntervalMs: config.groupIntervalMs ?? parent?.groupIntervalMs ?? ROUTE_DEFAULTS.groupIntervalMs,
    repeatIntervalMs: config.repeatIntervalMs ?? parent?.repeatIntervalMs ?? ROUTE_DEFAULTS.repeatIntervalMs,
    muteTimeIntervals: config.muteTimeIntervals,
    activeTimeIntervals: config.activeTimeIntervals,
  };
  return { ...route, routes: config.routes.map((child) => buildRoutes(child, { ...route, routes: [] })) };
}

/** The routes that an alert takes: the deepest that match, more than one where `continue` is set. */
export function matchRoutes(route: Route, labels: LabelSet): readonly Route[] {
  if (!matchesAll(route.matchers, labels)) return [];
  const found: Route[] = [];
  for (const child of route.routes) {
    const matches = matchRoutes(child, labels);
    found.push(...matches);
    if (matches.length > 0 && !child.continues) break;
  }
  return found.length > 0 ? found : [route];
}

/** The routes from the root to this one, both among them; empty when it is not in the tree. */
export function pathToRoute(root: Route, route: Route): readonly Route[] {
  if (root === route) return [root];
  for (const child of root.routes) {
    const path = pathToRoute(child, route);
    if (path.length > 0) return [root, ...path];
  }
  return [];
}

/** The labels that the route groups by, of those that the alert has. */
export function groupLabelsOf(route: Route, labels: LabelSet): LabelSet {
  const { groupBy } = route;
  if (groupBy === undefined) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => groupBy.includes(name)));
}

/** `{}/{severity="critical"}:{alertname="A", job="b"}`. */
export function groupKeyOf(route: Pick<Route, 'key'>, groupLabels: LabelSet): string {
  return `${route.key}:${formatLabelSet(groupLabels)}`;
}
