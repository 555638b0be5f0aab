/** The queries that everyone needs, saved in the Logs Insights console: names are paths, `/` makes folders. */
import { LOG_FIELD } from '@sluice/core/names';
import type { GroupKind } from './log-groups.ts';

export interface SavedQuery {
  readonly name: string;
  readonly groups: readonly GroupKind[];
  readonly query: string;
}

export const SAVED_QUERIES: readonly SavedQuery[] = [
  {
    name: 'Errors: latest',
    groups: ['app'],
    query: `fields @timestamp, service, message, error.type, trace_id
| filter level in ["ERROR", "FATAL"]
| sort @timestamp desc
| limit 100`,
  },
  {
    name: 'Errors: by service and type',
    groups: ['app'],
    query: `filter level in ["ERROR", "FATAL"]
| stats count(*) as errors by service, error.type
| sort errors desc
| limit 50`,
  },
  {
    name: 'Requests: one by its tracking id',
    groups: ['app', 'audit', 'security'],
    query: `fields @timestamp, level, service, message
| filter tracking_id = "REPLACE-ME"
| sort @timestamp asc
| limit 1000`,
  },
  {
    name: 'Requests: all records of a trace',
    groups: ['app', 'audit', 'security'],
    query: `fields @timestamp, level, service, span_id, message
| filter trace_id = "REPLACE-ME"
| sort @timestamp asc
| limit 1000`,
  },
  {
    name: 'Requests: slowest paths',
    groups: ['app'],
    query: `filter ispresent(request.duration)
| stats count(*) as requests, avg(request.duration) as mean, pct(request.duration, 95) as p95 by service, request.path
| sort p95 desc
| limit 20`,
  },
  {
    name: 'Volume: records by service and level',
    groups: ['app'],
    query: `stats count(*) as records by service, level, bin(5m)
| sort records desc`,
  },
  {
    name: 'Audit: by actor and action',
    groups: ['audit'],
    query: `fields @timestamp, event_type, action, result, actor_ref, resource
| sort @timestamp desc
| limit 200`,
  },
  {
    name: 'Security: events',
    groups: ['security'],
    query: `stats count(*) as events by event_type, result, bin(1h)
| sort events desc`,
  },
];

/** What queries look for by equality, and what matches few records at a time. At most 20 (API Reference § PutIndexPolicy). */
export const INDEX_FIELDS: readonly string[] = [
  'level',
  'service',
  'trace_id',
  'tracking_id',
  LOG_FIELD.tenant,
  'event_type',
  'error.type',
  'request.path',
];
