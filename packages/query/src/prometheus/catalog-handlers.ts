/** The endpoints that say what there is: label names and values, series, metadata, and who sends it. */

import type { CatalogList, CatalogQuery, TargetInfo } from '@sluice/metrics/read/catalog';
import { goQuote } from '@sluice/promql/model/go-quote';
import { ApiError, answer, answerText, type Notes } from './api-answer.ts';
import {
  MAX_TIME_MS,
  MIN_TIME_MS,
  type Parameters,
  readLimit,
  readMatcherSets,
  readTime,
} from './parameters.ts';
import type { Handler } from './prometheus-routes.ts';
import { renderLabels } from './render-value.ts';
import { unescapeLabelName } from './unescape-label-name.ts';

const TRUNCATED = 'results truncated due to limit';

function readCatalogQuery(parameters: Parameters): CatalogQuery {
  const startMs = readTime(parameters, 'start', MIN_TIME_MS);
  const endMs = readTime(parameters, 'end', MAX_TIME_MS);
  return { startMs, endMs, matcherSets: readMatcherSets(parameters) };
}

function cut<T>({ values, warnings }: CatalogList<T>, limit: number): { values: readonly T[]; notes: Notes } {
  if (limit === 0 || values.length <= limit) return { values, notes: { warnings } };
  return { values: values.slice(0, limit), notes: { warnings: [...warnings, TRUNCATED] } };
}

const labels: Handler = async ({ parameters, store }) => {
  const limit = readLimit(parameters);
  const { values, notes } = cut(await store.catalog.listLabels(readCatalogQuery(parameters)), limit);
  return answer(values, notes);
};

const labelValues: Handler = async ({ parameters, store, param }) => {
  const name = unescapeLabelName(param('name'));
  if (!name.isWellFormed()) throw new ApiError('bad_data', `invalid label name: ${goQuote(name)}`);
  const limit = readLimit(parameters);
  const list = await store.catalog.listLabelValues(name, readCatalogQuery(parameters));
  const { values, notes } = cut(list, limit);
  return answer(values, notes);
};

const series: Handler = async ({ parameters, store }) => {
  if (parameters.all('match[]').length === 0) {
    throw new ApiError('bad_data', 'no match[] parameter provided');
  }
  const limit = readLimit(parameters);
  const { values, notes } = cut(await store.catalog.listSeries(readCatalogQuery(parameters)), limit);
  return answerText(`[${values.map(renderLabels).join(',')}]`, notes);
};

/** Absent: no limit. Prometheus shows everything for a negative one and nothing for 0. */
function readCount(parameters: Parameters, name: string): number {
  const text = parameters.get(name);
  if (text === '') return Number.POSITIVE_INFINITY;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError('bad_data', `${name} must be a number`);
  return Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text);
}

const metadata: Handler = async ({ parameters, store }) => {
  const limit = readCount(parameters, 'limit');
  const perMetric = readCount(parameters, 'limit_per_metric') || Number.POSITIVE_INFINITY;
  const metric = parameters.get('metric');
  const found = await store.catalog.listMetadata(metric === '' ? {} : { metric });
  const shown = [...found].slice(0, limit).map(([name, entries]) => [name, entries.slice(0, perMetric)]);
  return answer(Object.fromEntries(shown));
};

/** Nothing is scraped here: a target is a service that sends, and its last scrape is when it was last heard. */
const targets: Handler = async ({ parameters, store }) => {
  const isActive = ['', 'any', 'active'].includes(parameters.get('state').toLowerCase());
  const seen = isActive ? await store.catalog.targets() : [];
  return answer({
    activeTargets: seen.map(toTarget),
    droppedTargets: [],
    droppedTargetCounts: {},
  });
};

function toTarget({ job, instance, lastSeenMs, health, series: count }: TargetInfo): unknown {
  const own = instance === '' ? { job } : { instance, job };
  return {
    discoveredLabels: own,
    labels: own,
    scrapePool: job,
    scrapeUrl: '',
    globalUrl: '',
    lastError: health === 'up' ? '' : 'no telemetry lately',
    lastScrape: new Date(lastSeenMs).toISOString(),
    lastScrapeDuration: 0,
    health,
    scrapeInterval: '1m',
    scrapeTimeout: '',
    series: count,
  };
}

export const CATALOG_HANDLERS: Readonly<Record<string, Handler>> = {
  '/labels': labels,
  '/label/:name/values': labelValues,
  '/series': series,
  '/metadata': metadata,
  '/targets': targets,
};
