/** Function `keep-audit`: once a day, proves every trail and lets go of what has been kept long enough. */
import { createDailyUpkeep } from '@sluice/audit/upkeep/daily-upkeep';
import { ENV } from '@sluice/core/names';
import { readInteger } from '@sluice/core/settings';
import { openSealedTrail } from './aws/audit-parts.ts';
import { openProcess } from './aws/process.ts';
import { toScheduleHandler } from './aws/schedule-door.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const own = openProcess(process.env);
const trail = await openSealedTrail(own);
const retentionDays = readInteger(process.env, ENV.auditRetentionDays, {
  fallback: 400,
  min: 1,
  max: 36_500,
});
const keep = createDailyUpkeep({ ...own, ...trail, retentionMs: retentionDays * DAY_MS });

export const handler = toScheduleHandler(
  { name: 'keep-audit', intervalMs: HOUR_MS, run: keep },
  { process: own },
);
