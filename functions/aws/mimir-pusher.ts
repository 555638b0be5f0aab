/** Snapshots to Mimir, where the deployment names one. */
import { createRemoteWriter } from '@sluice/backends/mimir/remote-writer';
import { ENV } from '@sluice/core/names';
import { type Environment, readBoolean, readChoice } from '@sluice/core/settings';
import {
  createSnapshotPusher,
  type SnapshotPusher,
  type SnapshotPusherDeps,
} from '@sluice/delivery/metrics/push-snapshot';
import { readBackend } from './read-backend.ts';

/** `env` with its secrets. @throws UsageError */
export function createCloudPusher(
  env: Environment,
  deps: Omit<SnapshotPusherDeps, 'writer' | 'nativeHistograms'>,
): SnapshotPusher | undefined {
  const mimir = readBackend(env, { url: ENV.mimirUrl, auth: ENV.mimirAuth });
  const protocol = readChoice(env, ENV.mimirProtocol, ['1.0', '2.0'], '1.0');
  const nativeHistograms = readBoolean(env, ENV.mimirNativeHistograms, false);
  if (mimir === undefined) return undefined;
  const writer = createRemoteWriter({
    ...mimir,
    protocol,
    fetch,
    clock: deps.clock,
    random: Math.random,
  });
  return createSnapshotPusher({ ...deps, writer, nativeHistograms });
}
