import { expect, vi } from 'vitest';
import { type SqsEmulator, startSqsEmulator } from '../testing/aws-emulators.ts';
import { describeQueueContract, type QueueCapability } from '../testing/queue-contract.ts';
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
      ...(await findLacks(emulator)),
      age: 'SQS tells the age of the oldest message through CloudWatch only',
    },
  };
});

/** Asks the emulator itself, so that a better one makes these tests run. */
async function findLacks(emulator: SqsEmulator): Promise<Partial<Record<QueueCapability, string>>> {
  const { client } = emulator;
  const deadLetter = createSqsQueue({ client, queueUrl: await emulator.createQueue('probe-dead') });
  const redrivePolicy = { deadLetterName: 'probe-dead', maxReceiveCount: 1 };
  const queue = createSqsQueue({ client, queueUrl: await emulator.createQueue('probe', { redrivePolicy }) });
  const [plain, astral] = await queue.send([
    { body: 'plain', attributes: {} },
    { body: '😀', attributes: {} },
  ]);
  const now = { maxMessages: 10, visibilityTimeoutMs: 0, waitMs: 0 };
  await queue.receive(now);
  await queue.receive(now);
  const [dead] = await deadLetter.receive(now);
  expect([plain?.status, dead?.body]).toEqual(['ok', 'plain']);
  return {
    ...(astral?.status === 'ok' ? {} : { astral: 'the emulator refuses characters that SQS takes' }),
    ...(dead?.attributes.dead
      ? {}
      : { deadLetterReason: 'the emulator does not tell DeadLetterQueueSourceArn' }),
  };
}
