/** Snapshots to Mimir, where the deployment names one. */
import { createRemoteWriter } from '@sluice/backends/mimir/remote-writer';
import { ENV } from '@sluice/core/names';
import { readBoolean, readChoice } from '@sluice/core/settings';
import {
  createSnapshotPusher,
  type SnapshotPusher,
  type SnapshotPusherDeps,
} from '@sluice/delivery/metrics/push-snapshot';
import { type BackendSource, readBackend } from './read-backend.ts';

/** @throws UsageError */
export function createCloudPusher(
  source: BackendSource,
  deps: Omit<SnapshotPusherDeps, 'writer' | 'nativeHistograms'>,
): SnapshotPusher | undefined {
  const mimir = readBackend(source, { url: ENV.mimirUrl, auth: ENV.mimirAuth });
  const protocol = readChoice(source.env, ENV.mimirProtocol, ['1.0', '2.0'], '1.0');
  const nativeHistograms = readBoolean(source.env, ENV.mimirNativeHistograms, false);
  if (mimir === undefined) return undefined;
  const writer = createRemoteWriter({
    ...mimir,
    protocol,
    fetch,
    clock: deps.clock,
    random: Math.random,
  });
  return createSnapshotPusher({ ...deps, writer, nativeHistograms, tenancy: mimir.tenancy });
}
