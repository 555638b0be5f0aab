/** `alertmanager.yml` as it is: the tree of routes, receivers, inhibition and time intervals, strictly checked. */
import type { ConfigNode } from '@sluice/config/config-node';
import * as d from '@sluice/config/decoder';
import type { ReferenceSource } from '@sluice/config/references';
import type { InhibitRule } from '../mute/inhibition.ts';
import { decodeTimeInterval, type TimeInterval } from '../mute/time-interval.ts';
import type { CommonReceiverConfig, GlobalReceiverSettings, ReceiverKind } from '../receivers/receiver.ts';
import { UNSUPPORTED_KINDS } from '../receivers/unsupported-kinds.ts';
import { buildRoutes, type Route, type RouteConfig } from '../route/route-tree.ts';
import { checkReferences } from './check-references.ts';
import { decodeGlobals } from './decode-globals.ts';
import { matcherFields, matchersOf } from './decode-matchers.ts';

export interface AlertmanagerConfig {
  readonly resolveTimeoutMs: number;
  readonly route: Route;
  readonly receivers: ReadonlyMap<string, ReceiverConfig>;
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  /** Globs of template files, beside the configuration. */
  readonly templates: readonly string[];
}

export interface ReceiverConfig {
  readonly name: string;
  /** In the order of the file; the index is part of the notification log's key. */
  readonly integrations: readonly IntegrationConfig[];
}

export interface IntegrationConfig {
  readonly kind: ReceiverKind;
  readonly index: number;
  readonly config: CommonReceiverConfig;
}

export interface LoadOptions {
  readonly file: string;
  readonly references: ReferenceSource;
  readonly kinds: readonly ReceiverKind[];
  /** Reads `*_file` settings; throws when it cannot. */
  readonly readFile?: (path: string) => string;
}

export function loadAlertmanagerConfig(
  source: string,
  options: LoadOptions,
): d.DecodedFile<AlertmanagerConfig> {
  return d.decodeYaml(source, decodeConfig(options), { file: options.file });
}

function decodeConfig(options: LoadOptions): d.Decoder<AlertmanagerConfig> {
  return (node) => {
    const globalNode = node.entries.find(({ key }) => key === 'global')?.value;
    const { globals, resolveTimeoutMs } = decodeGlobals(globalNode, options);
    const value = decodeWhole(globals, options)(node);
    if (value === undefined) return undefined;
    const intervals = new Map<string, readonly TimeInterval[]>();
    for (const { name, time_intervals } of [...value.time_intervals, ...value.mute_time_intervals]) {
      if (intervals.has(name)) node.report(`time interval ${JSON.stringify(name)} is not unique`);
      intervals.set(name, time_intervals);
    }
    const receivers = new Map<string, ReceiverConfig>();
    for (const receiver of value.receivers) {
      if (receivers.has(receiver.name))
        node.report(`notification config name ${JSON.stringify(receiver.name)} is not unique`);
      receivers.set(receiver.name, receiver);
    }
    checkReferences(value.route, { receivers, intervals });
    return {
      resolveTimeoutMs,
      route: buildRoutes(value.route.config),
      receivers,
      inhibitRules: value.inhibit_rules,
      timeIntervals: intervals,
      templates: value.templates,
    };
  };
}

/** A route with the nodes of its names, for messages about names that do not exist. */
export interface RouteNode {
  readonly node: ConfigNode;
  readonly config: RouteConfig;
  readonly children: readonly RouteNode[];
}

const decodeRoute: d.Decoder<RouteNode> = (node) =>
  d.mapped(
    d.mapping({
      receiver: d.optional(d.text),
      group_by: d.optional(d.listOf(d.text)),
      continue: d.withDefault(d.boolean, false),
      ...matcherFields(''),
      group_wait: d.optional(d.durationMs),
      group_interval: d.optional(d.durationMs),
      repeat_interval: d.optional(d.durationMs),
      mute_time_intervals: d.withDefault(d.listOf(d.text), []),
      active_time_intervals: d.withDefault(d.listOf(d.text), []),
      routes: d.withDefault(d.listOf(decodeRoute), [] as readonly RouteNode[]),
    }),
    (value): RouteNode => {
      const groupBy = value.group_by;
      if (groupBy !== undefined) {
        if (new Set(groupBy).size < groupBy.length) node.report('a label is in group_by twice');
        if (groupBy.includes('...') && groupBy.length > 1)
          node.report('cannot have wildcard group_by (`...`) and other labels at the same time');
      }
      if (value.group_interval === 0) node.report('group_interval cannot be zero');
      if (value.repeat_interval === 0) node.report('repeat_interval cannot be zero');
      return {
        node,
        children: value.routes,
        config: {
          receiver: value.receiver,
          groupBy,
          continues: value.continue,
          matchers: matchersOf(value, ''),
          groupWaitMs: value.group_wait,
          groupIntervalMs: value.group_interval,
          repeatIntervalMs: value.repeat_interval,
          muteTimeIntervals: value.mute_time_intervals,
          activeTimeIntervals: value.active_time_intervals,
          routes: value.routes.map(({ config }) => config),
        },
      };
    },
  )(node);

const rootRoute: d.Decoder<RouteNode> = (node) => {
  const route = decodeRoute(node);
  if (route === undefined) return undefined;
  const { config } = route;
  if (config.receiver === undefined || config.receiver === '')
    node.report('root route must specify a default receiver');
  if (config.matchers.length > 0) node.report('root route must not have any matchers');
  if (config.muteTimeIntervals.length > 0) node.report('root route must not have any mute time intervals');
  if (config.activeTimeIntervals.length > 0)
    node.report('root route must not have any active time intervals');
  if (config.continues) node.report('cannot have continue in root route');
  return route;
};

const decodeInhibitRule: d.Decoder<InhibitRule> = d.mapped(
  d.mapping({
    name: d.optional(d.text),
    ...matcherFields('source_'),
    ...matcherFields('target_'),
    equal: d.withDefault(d.listOf(d.text), []),
  }),
  (value): InhibitRule => ({
    source: matchersOf(value, 'source_'),
    target: matchersOf(value, 'target_'),
    equal: value.equal,
  }),
);

const namedIntervals = d.listOf(
  d.mapping({
    name: d.required(d.nonEmptyText),
    time_intervals: d.withDefault(d.listOf(decodeTimeInterval), []),
  }),
);

function decodeReceiver(
  globals: GlobalReceiverSettings,
  { kinds, references, readFile }: LoadOptions,
): d.Decoder<ReceiverConfig> {
  const context = { globals, references, ...(readFile === undefined ? {} : { readFile }) };
  return (node) => {
    const name = node.entries.find(({ key }) => key === 'name')?.value;
    if (name === undefined) {
      node.report('missing name in receiver');
      return undefined;
    }
    const integrations: IntegrationConfig[] = [];
    for (const { key, keyNode, value } of node.entries) {
      if (key === 'name') continue;
      const kind = kinds.find((candidate) => candidate.key === key);
      if (kind === undefined) {
        keyNode.report(
          UNSUPPORTED_KINDS.includes(key)
            ? `${key} is not served: its alerts would reach nobody; use one of ${kinds.map((known) => known.key).join(', ')}`
            : `unknown key ${JSON.stringify(key)} in a receiver`,
        );
        continue;
      }
      for (const [index, config] of (d.listOf(kind.decode(context))(value) ?? []).entries())
        integrations.push({ kind, index, config });
    }
    return { name: name.source, integrations };
  };
}

function decodeWhole(globals: GlobalReceiverSettings, options: LoadOptions) {
  return d.mapping({
    global: d.optional<unknown>((node) => node.toPlain()),
    route: d.required(rootRoute),
    receivers: d.required(d.listOf(decodeReceiver(globals, options))),
    inhibit_rules: d.withDefault(d.listOf(decodeInhibitRule), []),
    time_intervals: d.withDefault(namedIntervals, []),
    mute_time_intervals: d.withDefault(namedIntervals, []),
    templates: d.withDefault(d.listOf(d.text), []),
    tracing: d.optional<unknown>((node) => node.toPlain()),
  });
}
