import { createFakeClock } from '@sluice/core/testing/fake-clock';

import { createMemoryDatabase } from '../testing/memory-database.ts';
import { describeQueueContract } from '../testing/queue-contract.ts';
import { createEmbeddedQueue } from './queue.ts';

describeQueueContract('embedded', async () => {
  const database = createMemoryDatabase();
  const clock = createFakeClock();
  let made = 0;
  return {
    async makeQueue({ fifo, maxReceiveCount }) {
      const suffix = fifo ? '.fifo' : '';
      const name = `q${++made}${suffix}`;
      const dead = `q${made}-dead${suffix}`;
      const policy = maxReceiveCount === undefined ? {} : { maxReceiveCount, deadLetter: dead };
      return {
        queue: createEmbeddedQueue({ database, name, clock, ...policy }),
        deadLetter: createEmbeddedQueue({ database, name: dead, clock }),
      };
    },
    advance: clock.advance,
    close: database.close,
  };
});
