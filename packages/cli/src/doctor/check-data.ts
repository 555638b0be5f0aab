/** Checks of what the data directory holds: keys that open a public address, and dead letters. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isLoopbackHost, type LocalSettings } from '@sluice/core/local-settings';
import { DATA_FILE, deadLetterName, QUEUE, TABLE } from '@sluice/core/names';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createKeyStore } from '@sluice/platform/keys/key-store';
import { withDatabase } from '../data-dir.ts';
import { stateOf } from '../keys/describe-key.ts';
import { plural } from '../quantity.ts';
import type { Check } from './check.ts';

const hasData = (dir: string): boolean => existsSync(join(dir, DATA_FILE.database));

export function checkKeys(dir: string, { host }: LocalSettings): Check {
  const isOpen = !isLoopbackHost(host);
  const remedy = '"sluice keys create NAME" makes one';
  return {
    name: 'keys',
    async run({ clock }) {
      const keys = hasData(dir)
        ? await withDatabase({ dir }, (database) =>
            createKeyStore({
              table: createEmbeddedTable({ database, name: TABLE.keys, clock }),
              clock,
            }).list(),
          )
        : [];
      const usable = keys.filter((key) => ['active', 'replaced'].includes(stateOf(key, clock.nowMs())));
      const detail = `${plural(usable.length, 'usable key')}`;
      if (usable.length > 0) return [{ status: 'ok', detail }];
      return [
        isOpen
          ? { status: 'fail', detail: `none, but ${host} can be reached from other machines`, remedy }
          : { status: 'ok', detail: 'none; on this machine none is needed' },
      ];
    },
  };
}

export function checkDeadLetters(dir: string): Check {
  return {
    name: 'dead letters',
    async run({ clock }) {
      if (!hasData(dir)) return [{ status: 'ok', detail: 'none' }];
      const count = await withDatabase({ dir }, async (database) => {
        let sum = 0;
        for (const name of Object.values(QUEUE)) {
          const queue = createEmbeddedQueue({ database, name: deadLetterName(name), clock });
          const { visible, inFlight, delayed } = await queue.stats();
          sum += visible + inFlight + delayed;
        }
        return sum;
      });
      if (count === 0) return [{ status: 'ok', detail: 'none' }];
      return [{ status: 'warn', detail: plural(count, 'message'), remedy: '"sluice dlq list" tells why' }];
    },
  };
}
