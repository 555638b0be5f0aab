/** What all points of one resource and scope share: labels from outside the point, and who sent it. */
import { createHash } from 'node:crypto';
import type { KeyValue, Resource, Scope } from '@sluice/otlp/model';
import type { MetricsSettings } from '../metrics-settings.ts';
import { toLabelValue } from './attribute-text.ts';
import { addAttributes } from './label-set.ts';
import { PointFault } from './rejections.ts';

export const JOB_LABEL = 'job';
export const INSTANCE_LABEL = 'instance';
const SERVICE = {
  name: 'service.name',
  namespace: 'service.namespace',
  instanceId: 'service.instance.id',
} as const;
const IDENTIFYING: ReadonlySet<string> = new Set(Object.values(SERVICE));
const SCOPE_PREFIX = 'otel_scope_';

/** Labels of one resource and scope; `key` is equal for equal labels only. */
export interface BaseLabels {
  readonly labels: ReadonlyMap<string, string>;
  readonly key: string;
}

export interface ScopeContext {
  readonly job: string;
  /** With every promoted attribute, and without those that tell instances of delta sources apart. */
  readonly full: BaseLabels;
  readonly shared: BaseLabels;
  /** 16 hex digits: the whole resource and scope. */
  readonly origin: string;
}

export interface ResourceContext {
  readonly job: string;
  readonly instance: string;
  readonly full: BaseLabels;
  readonly shared: BaseLabels;
  readonly text: string;
}

/** @throws PointFault when an attribute cannot be a label. */
export function toResourceContext(resource: Resource, settings: MetricsSettings): ResourceContext {
  const text = (name: string): string => {
    const found = resource.attributes.find(({ key }) => key === name);
    return found === undefined ? '' : toLabelValue(found.value);
  };
  const namespace = text(SERVICE.namespace);
  const name = text(SERVICE.name);
  const job = namespace === '' || name === '' ? name : `${namespace}/${name}`;
  const instance = text(SERVICE.instanceId);
  const promoted = resource.attributes.filter(({ key }) => settings.promotedAttributes.includes(key));
  const isInstance = (key: string): boolean => settings.instanceAttributes.includes(key);
  const base = (own: readonly KeyValue[], instanceLabel: string): BaseLabels => {
    const labels = new Map<string, string>();
    if (job !== '') labels.set(JOB_LABEL, job);
    if (instanceLabel !== '') labels.set(INSTANCE_LABEL, instanceLabel);
    addAttributes(labels, own, settings);
    return toBase(labels);
  };
  return {
    job,
    instance,
    full: base(promoted, instance),
    shared: base(
      promoted.filter(({ key }) => !isInstance(key)),
      isInstance(SERVICE.instanceId) ? '' : instance,
    ),
    text: attributesText(resource.attributes),
  };
}

/** @throws PointFault when an attribute of the scope cannot be a label. */
export function toScopeContext(
  resource: ResourceContext,
  { scope, schemaUrl }: { readonly scope: Scope; readonly schemaUrl: string },
  settings: MetricsSettings,
): ScopeContext {
  const extend = (base: BaseLabels): BaseLabels => {
    if (!settings.scopeLabels) return base;
    const labels = new Map(base.labels);
    if (scope.name !== '') labels.set(`${SCOPE_PREFIX}name`, scope.name);
    if (scope.version !== '') labels.set(`${SCOPE_PREFIX}version`, scope.version);
    if (schemaUrl !== '') labels.set(`${SCOPE_PREFIX}schema_url`, schemaUrl);
    addAttributes(labels, scope.attributes, { utf8Names: settings.utf8Names, prefix: SCOPE_PREFIX });
    return toBase(labels);
  };
  const hash = createHash('sha256')
    .update(`${resource.text}\u0002${scope.name}\u0002${scope.version}\u0002${schemaUrl}\u0002`)
    .update(attributesText(scope.attributes));
  return {
    job: resource.job,
    full: extend(resource.full),
    shared: extend(resource.shared),
    origin: hash.digest('hex').slice(0, 16),
  };
}

/**
 * Labels of `target_info`: every attribute that does not identify the service. Undefined when nothing
 * would identify the target or nothing would be told (specification, "Resource Attributes").
 * @throws PointFault when an attribute cannot be a label.
 */
export function targetInfoLabels(
  resource: Resource,
  context: ResourceContext,
  { settings, isShared }: { readonly settings: MetricsSettings; readonly isShared: boolean },
): ReadonlyMap<string, string> | undefined {
  const dropped = (key: string): boolean => isShared && settings.instanceAttributes.includes(key);
  const telling = resource.attributes.filter(({ key }) => !IDENTIFYING.has(key) && !dropped(key));
  const instance = dropped(SERVICE.instanceId) ? '' : context.instance;
  if (telling.length === 0 || (context.job === '' && instance === '')) return undefined;
  const labels = new Map<string, string>();
  if (context.job !== '') labels.set(JOB_LABEL, context.job);
  if (instance !== '') labels.set(INSTANCE_LABEL, instance);
  addAttributes(labels, telling, settings);
  return labels;
}

/** Equal for equal attributes in any order. */
function attributesText(attributes: readonly KeyValue[]): string {
  const texts = attributes.map(({ key, value }) => `${key}\u0000${value.type}\u0000${toLabelValue(value)}`);
  return texts.sort().join('\u0001');
}

/** Equal for equal attributes in the same order only. */
export function sentText(attributes: readonly KeyValue[]): string {
  let text = '';
  for (let i = 0; i < attributes.length; i++) {
    const { key, value } = attributes[i]!;
    const own = toLabelValue(value);
    text += `${key.length} ${key}${value.type}${own.length} ${own}`;
  }
  return text;
}

function toBase(labels: ReadonlyMap<string, string>): BaseLabels {
  let key = '';
  for (const [name, value] of labels) key += `${name}\u0000${value}\u0001`;
  return { labels, key };
}

/** What a faulty resource or scope costs all of its points. */
export function attempt<T>(make: () => T): T | PointFault {
  try {
    return make();
  } catch (error) {
    if (error instanceof PointFault) return error;
    throw error;
  }
}
