/** A stage as the tests of costs take it, and a tenant who sends nothing: what is asked about is put over it. */
import type { Stage, Volumes } from '../cost/cost-model.ts';

export const PLAIN_STAGE: Stage = { region: 'us-east-1', edge: 'url', shards: 1, logClass: 'standard' };

export const NO_VOLUMES: Volumes = {
  spansPerDay: 0,
  spansPerRequest: 100,
  logBytesPerDay: 0,
  logRecordsPerDay: 0,
  pointsPerDay: 0,
  series: 0,
  auditEventsPerDay: 0,
  tenants: 1,
};
