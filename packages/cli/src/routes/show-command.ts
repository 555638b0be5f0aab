/** `sluice routes show`. */
import { formatMatchers } from '@sluice/alerting/match/matcher';
import type { Route } from '@sluice/alerting/route/route-tree';
import { formatDuration } from '@sluice/config/duration';
import { CONFIG_DIR_OPTION, loadSetup } from '../alerts/load-setup.ts';
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, type Style, safeJson, safeText } from '../terminal-text.ts';

export const showRoutesCommand = defineCommand({
  about: `Shows the tree of routes of alertmanager.yml, with what each inherits filled in: matchers, receiver,
grouping, times. An alert takes the deepest route that matches.`,
  options: { 'config-dir': CONFIG_DIR_OPTION },
  examples: ['sluice routes show', 'sluice routes show --config-dir examples/config --json'],
  async run({ options, json }, io) {
    const { config } = await loadSetup(options['config-dir'], io, { fetch: io.fetch });
    const style = createStyle(io.stdout, io.env);
    io.stdout.write(
      json
        ? `${safeJson(toDocument(config.route))}\n`
        : `${renderRoute(config.route, { style, lead: '', branch: '' }).join('\n')}\n`,
    );
    return EXIT.ok;
  },
});

interface RouteDocument {
  readonly receiver: string;
  readonly matchers: string;
  readonly group_by: readonly string[];
  readonly continue: boolean;
  readonly group_wait: string;
  readonly group_interval: string;
  readonly repeat_interval: string;
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
  readonly routes: readonly RouteDocument[];
}

function toDocument(route: Route): RouteDocument {
  return {
    receiver: route.receiver,
    matchers: formatMatchers(route.matchers),
    group_by: route.groupBy ?? ['...'],
    continue: route.continues,
    group_wait: formatDuration(route.groupWaitMs),
    group_interval: formatDuration(route.groupIntervalMs),
    repeat_interval: formatDuration(route.repeatIntervalMs),
    mute_time_intervals: route.muteTimeIntervals,
    active_time_intervals: route.activeTimeIntervals,
    routes: route.routes.map(toDocument),
  };
}

interface Place {
  readonly style: Style;
  /** Before the lines of this route's children. */
  readonly lead: string;
  /** Before this route's own line. */
  readonly branch: string;
}

function renderRoute(route: Route, { style, lead, branch }: Place): readonly string[] {
  const last = route.routes.length - 1;
  return [
    `${branch}${describeRoute(route, style)}`,
    ...route.routes.flatMap((child, index) =>
      renderRoute(child, {
        style,
        branch: `${lead}${index === last ? '└── ' : '├── '}`,
        lead: `${lead}${index === last ? '    ' : '│   '}`,
      }),
    ),
  ];
}

export function describeRoute(route: Route, style: Style): string {
  const { groupBy = ['all labels'], muteTimeIntervals, activeTimeIntervals } = route;
  const matchers = route.matchers.length === 0 ? 'default-route' : formatMatchers(route.matchers);
  const times = [route.groupWaitMs, route.groupIntervalMs, route.repeatIntervalMs].map(formatDuration);
  const details = [
    `by ${groupBy.length === 0 ? 'nothing: one group' : groupBy.join(', ')}`,
    `wait ${times[0]}, interval ${times[1]}, repeat ${times[2]}`,
    ...(muteTimeIntervals.length === 0 ? [] : [`muted in ${muteTimeIntervals.join(', ')}`]),
    ...(activeTimeIntervals.length === 0 ? [] : [`active in ${activeTimeIntervals.join(', ')}`]),
    ...(route.continues ? ['continues'] : []),
  ];
  return `${safeText(matchers)}  ${style.bold(safeText(`→ ${route.receiver}`))}  ${style.dim(safeText(details.join(' · ')))}`;
}
