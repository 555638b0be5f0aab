import { vi } from 'vitest';
import { startSqsEmulator } from '../testing/aws-emulators.ts';
import { describeQueueContract } from '../testing/queue-contract.ts';
import { createSqsQueue } from './queue.ts';

describeQueueContract('SQS (fauxqs)', async () => {
  // The emulator runs in this process and reads Date, so time can pass for it without waiting.
  vi.useFakeTimers({ toFake: ['Date'] });
  const emulator = await startSqsEmulator();
  let made = 0;
  return {
    async makeQueue({ fifo, maxReceiveCount }) {
      const suffix = fifo ? '.fifo' : '';
      const deadLetterName = `q${++made}-dead${suffix}`;
      const deadLetterUrl = await emulator.createQueue(deadLetterName);
      const policy =
        maxReceiveCount === undefined ? {} : { redrivePolicy: { deadLetterName, maxReceiveCount } };
      const queueUrl = await emulator.createQueue(`q${made}${suffix}`, policy);
      return {
        queue: createSqsQueue({ client: emulator.client, queueUrl }),
        deadLetter: createSqsQueue({ client: emulator.client, queueUrl: deadLetterUrl }),
      };
    },
    async advance(ms) {
      vi.setSystemTime(Date.now() + ms);
    },
    async close() {
      await emulator.stop();
      vi.useRealTimers();
    },
    lacks: {
      age: 'SQS tells the age of the oldest message through CloudWatch only',
      astral: 'the emulator refuses characters beyond the basic plane, which SQS takes',
      deadLetterReason: 'the emulator does not tell DeadLetterQueueSourceArn',
    },
  };
});
