/** Names in routes that must exist elsewhere in the file. */
import type { TimeInterval } from '../mute/time-interval.ts';
import type { ReceiverConfig, RouteNode } from './alertmanager-config.ts';

export function checkReferences(
  route: RouteNode,
  known: {
    readonly receivers: ReadonlyMap<string, ReceiverConfig>;
    readonly intervals: ReadonlyMap<string, readonly TimeInterval[]>;
  },
): void {
  const { receiver, muteTimeIntervals, activeTimeIntervals } = route.config;
  if (receiver !== undefined && receiver !== '' && !known.receivers.has(receiver))
    route.node.report(`undefined receiver ${JSON.stringify(receiver)} used in route`);
  for (const name of [...muteTimeIntervals, ...activeTimeIntervals]) {
    if (!known.intervals.has(name))
      route.node.report(`undefined time interval ${JSON.stringify(name)} used in route`);
  }
  for (const child of route.children) checkReferences(child, known);
}
