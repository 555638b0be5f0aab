/** The endpoints that say what there is: label names and values, series, metadata, and who sends it. */

import type { CatalogQuery, TargetInfo } from '@sluice/metrics/read/catalog';
import { goQuote } from '@sluice/promql/model/go-quote';
import { ApiError, answer, answerText } from './api-answer.ts';
import {
  asParameter,
  MAX_TIME_MS,
  MIN_TIME_MS,
  type Parameters,
  readLimit,
  readMatcherSets,
  readOptionalTime,
  requireWellFormed,
} from './parameters.ts';
import type { Call, Handler } from './prometheus-routes.ts';
import { renderLabels, renderList } from './render-value.ts';
import { unescapeLabelName } from './unescape-label-name.ts';

/** Of a listing; as long as a query may take. */
const TIMEOUT_MS = 30_000;

function readCatalogQuery(
  { parameters, clock }: Call,
  { readSets = readMatcherSets, refusesFaults = false } = {},
): CatalogQuery {
  if (refusesFaults) requireWellFormed(parameters);
  const limit = readLimit(parameters);
  const startMs = readOptionalTime(parameters, 'start', MIN_TIME_MS);
  const endMs = readOptionalTime(parameters, 'end', MAX_TIME_MS);
  const deadlineMs = clock.nowMs() + TIMEOUT_MS;
  const checkTime = (): void => {
    if (clock.nowMs() > deadlineMs) throw new ApiError('timeout', 'query timed out while series were listed');
  };
  return { startMs, endMs, matcherSets: readSets(parameters), limit, checkTime };
}

const labels: Handler = async (call) => {
  const { values, warnings } = await call.store.catalog.listLabels(
    readCatalogQuery(call, { refusesFaults: true }),
  );
  return answer(values, { warnings });
};

const labelValues: Handler = async (call) => {
  const { store, param } = call;
  const name = unescapeLabelName(param('name'));
  if (!name.isWellFormed()) throw new ApiError('bad_data', `invalid label name: ${goQuote(name)}`);
  const { values, warnings } = await store.catalog.listLabelValues(name, readCatalogQuery(call));
  return answer(values, { warnings });
};

const series: Handler = async (call) => {
  const { parameters, store } = call;
  requireWellFormed(parameters);
  if (parameters.all('match[]').length === 0) {
    throw new ApiError('bad_data', 'no match[] parameter provided');
  }
  // Here, unlike with labels, Prometheus says which parameter is wrong.
  const query = readCatalogQuery(call, {
    readSets: (given) => asParameter('match[]', () => readMatcherSets(given)),
  });
  const { values, warnings } = await store.catalog.listSeries(query);
  return answerText(await renderList(values, renderLabels), { warnings });
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

/** A job is what Prometheus would scrape as one pool. */
const scrapePools: Handler = async ({ store }) => {
  const seen = await store.catalog.targets();
  return answer({ scrapePools: [...new Set(seen.map(({ job }) => job))].sort() });
};

export const CATALOG_HANDLERS: Readonly<Record<string, Handler>> = {
  '/labels': labels,
  '/label/:name/values': labelValues,
  '/series': series,
  '/metadata': metadata,
  '/targets': targets,
  '/scrape_pools': scrapePools,
};
