/** The canary of joined gzip members, for a real Tempo: whether SLUICE_TEMPO_JOIN_GZIP may be on. */
import { probeGzipJoin } from '@sluice/backends/tempo/probe-gzip-join';
import type { LocalSettings } from '@sluice/core/local-settings';
import { ENV } from '@sluice/core/names';
import type { Check } from './check.ts';

export function probeTempo({ url, auth, joinGzip }: NonNullable<LocalSettings['tempo']>): Check {
  return {
    name: 'joined gzip',
    async run({ fetch, clock, random }) {
      const result = await probeGzipJoin({
        url,
        fetch,
        clock,
        random,
        ...(auth === undefined ? {} : { auth }),
      });
      switch (result.verdict) {
        case 'safe':
          return [
            {
              status: 'ok',
              detail: joinGzip
                ? 'on, and the destination reads all members'
                : `the destination reads all members: ${ENV.tempoJoinGzip}=true is safe and saves most of the work`,
            },
          ];
        case 'unsafe':
          return [
            joinGzip
              ? {
                  status: 'fail',
                  detail: `spans are being lost: ${result.reason}`,
                  remedy: `set ${ENV.tempoJoinGzip}=false`,
                }
              : { status: 'ok', detail: `off, and must stay off: ${result.reason}` },
          ];
        case 'unknown':
          return [{ status: joinGzip ? 'warn' : 'ok', detail: `not proved: ${result.reason}` }];
      }
    },
  };
}
