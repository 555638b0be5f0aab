/** CloudWatch Logs as one more destination of local logs, where it is switched on. Its code is loaded only then. */
import { hostname } from 'node:os';
import type { LocalSettings } from '@sluice/core/local-settings';
import type { Clock } from '@sluice/core/ports/clock';
import type { Sink } from '@sluice/core/ports/sink';

export async function createCloudWatchSinks(
  { cloudwatch }: Pick<LocalSettings, 'cloudwatch'>,
  clock: Clock,
): Promise<readonly Sink[]> {
  if (cloudwatch === undefined) return [];
  const { createCloudWatchClient } = await import('@sluice/backends/cloudwatch/cloudwatch-client');
  const { createCloudWatchSink } = await import('@sluice/backends/cloudwatch/cloudwatch-sink');
  const { createLogGroups } = await import('@sluice/backends/cloudwatch/log-groups');
  const client = createCloudWatchClient(cloudwatch);
  return [createCloudWatchSink({ client, groups: createLogGroups(cloudwatch), consumer: hostname(), clock })];
}
