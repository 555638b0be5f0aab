/** The harness itself: what it does to functions and messages is what Lambda and SQS do, or may do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { type SqsEmulator, startSqsEmulator } from '@sluice/platform/testing/aws-emulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { invokeAsync } from '../aws/async-invoke.ts';
import { failedMessagesOf } from '../aws/batch-response.ts';
import { startMapping } from '../aws/event-source-mapping.ts';
import { giveWholeGroups } from '../aws/fifo-batches.ts';
import { CALM, createFate, type Hostility } from '../aws/hostility.ts';
import { createLambda, type LambdaFunction } from '../aws/lambda-host.ts';
import { eventually } from './pipeline-client.ts';

let folder = '';
let sqs: SqsEmulator;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'harness-'));
  await giveWholeGroups();
  sqs = await startSqsEmulator();
});
afterAll(async () => {
  await sqs.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a partial batch response', () => {
  const batch = ['a', 'b', 'c'];
  const failures = (...ids: readonly unknown[]) => ({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });
  test.each([
    ['nothing', undefined, []],
    ['null', null, []],
    ['an empty answer', {}, []],
    ['a list that is null', { batchItemFailures: null }, []],
    ['an empty list', failures(), []],
    ['some', failures('b'), ['b']],
    ['an empty identifier', failures('b', ''), batch],
    ['an identifier that is null', failures(null), batch],
    ['a wrong name of the key', { batchItemFailures: [{ id: 'a' }] }, batch],
    ['an identifier of another batch', failures('z'), batch],
    ['a list that is none', { batchItemFailures: 'a' }, batch],
    ['a text', 'a', batch],
  ])('%s', (_, answer, failed) => {
    expect([...failedMessagesOf(answer, batch)]).toEqual(failed);
  });
});

async function queueOf(name: string, bodies: readonly string[]): Promise<string> {
  const QueueUrl = await sqs.createQueue(name);
  for (const MessageBody of bodies) {
    const fifo = name.endsWith('.fifo')
      ? { MessageGroupId: MessageBody[0]!, MessageDeduplicationId: MessageBody }
      : {};
    await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...fifo }));
  }
  return QueueUrl;
}

test('a FIFO queue gives whole groups in their order, none that is in flight, and the same order again', async () => {
  const QueueUrl = await queueOf('groups.fifo', ['a1', 'b1', 'a2', 'a3']);
  const receive = async () =>
    (await sqs.client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))).Messages ?? [];
  const bodies = (messages: Awaited<ReturnType<typeof receive>>) =>
    Object.values(Object.groupBy(messages, ({ Body }) => Body![0]!)).map((group) =>
      group!.map(({ Body }) => Body),
    );
  const first = await receive();
  expect(bodies(first)).toEqual([['a1', 'a2', 'a3'], ['b1']]);
  expect(await receive()).toEqual([]);
  const [a1, ...later] = first.filter(({ Body }) => Body!.startsWith('a'));
  await sqs.client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: a1!.ReceiptHandle }));
  for (const { ReceiptHandle } of [...later].reverse())
    await sqs.client.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
    );
  expect(bodies(await receive())).toEqual([['a2', 'a3']]);
});

interface Batch {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

interface DrainOptions {
  readonly handle?: (batch: Batch) => unknown;
  readonly hostility?: Partial<Hostility>;
  readonly batchSize?: number;
  readonly windowMs?: number;
  readonly visibilitySeconds?: number;
}

/** Drains the queue into `handle` and answers the bodies of every batch. */
async function drain(queueUrl: string, options: DrainOptions = {}): Promise<readonly (readonly string[])[]> {
  const batches: (readonly string[])[] = [];
  const fn = {
    name: 'drain',
    async invoke(event: unknown) {
      batches.push((event as Batch).Records.map(({ body }) => body));
      return options.handle?.(event as Batch);
    },
  } as LambdaFunction;
  const fate = createFate(7);
  fate.set({ ...CALM, ...options.hostility });
  const { batchSize = 50, windowMs = 150, visibilitySeconds = 1 } = options;
  const settings = { batchSize, windowMs, visibilitySeconds, concurrency: 1, fate };
  const mapping = startMapping({ client: sqs.client, queueUrl, fn, ...settings });
  await eventually('an empty queue', async () => {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes = {} } = await sqs.client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...AttributeNames] }),
    );
    return Object.values(Attributes).every((count) => count === '0') ? true : undefined;
  });
  await mapping.stop();
  return batches;
}

/** However slow the machine is. */
const PATIENT = { windowMs: 30_000, visibilitySeconds: 60 } as const;

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `m${i}`);

describe('an event source mapping', () => {
  test('gathers more than one receive may bring while its window is open', async () => {
    // A full batch does not wait for the end of its window.
    const batches = await drain(await queueOf('windows', numbered(23)), { ...PATIENT, batchSize: 23 });
    expect(batches).toEqual([numbered(23)]);
  });

  test('calls before an event would be larger than 6 MB', async () => {
    const large = numbered(9).map((name) => `${name}${'x'.repeat(1_000_000)}`);
    const batches = await drain(await queueOf('large', large), { ...PATIENT, windowMs: 2_000 });
    expect(batches.map(({ length }) => length)).toEqual([6, 3]);
  });

  test('brings back what failed, and the whole batch of a function that throws', async () => {
    let calls = 0;
    const batches = await drain(await queueOf('failing', ['a', 'b']), {
      handle({ Records }) {
        calls += 1;
        if (calls === 1) throw new Error('at first');
        return { batchItemFailures: calls === 2 ? [{ itemIdentifier: Records[1]!.messageId }] : [] };
      },
    });
    expect(batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(batches[2]).toEqual([batches[1]![1]]);
  });

  test('in a hostile world brings messages in any order, and again though they were done', async () => {
    const batches = await drain(await queueOf('hostile', numbered(30)), {
      hostility: { repeated: 0.9, shuffled: true },
    });
    const all = batches.flat();
    expect(all.length).toBeGreaterThan(30);
    expect(new Set(all)).toEqual(new Set(numbered(30)));
    expect(batches[0]).not.toEqual([...batches[0]!].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
  });

  test('keeps the order of groups and repeats nothing of a FIFO queue in a hostile world', async () => {
    const bodies = ['a1', 'a2', 'b1', 'a3', 'b2'];
    const batches = await drain(await queueOf('orderly.fifo', bodies), {
      hostility: { repeated: 1, shuffled: true, heldBack: 0 },
    });
    const all = batches.flat();
    expect(all.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(all.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
  });
});

describe('an environment', () => {
  const HANDLER = `
    let ticks = 0;
    let served = 0;
    setInterval(() => { ticks += 1; }, 10);
    export async function handler({ waitMs = 0, size = 0, fail = false }, context) {
      if (fail) throw new Error('as asked');
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      served += 1;
      return { ticks, served, pid: process.pid, left: context.getRemainingTimeInMillis(), text: 'x'.repeat(size) };
    }`;
  interface Told {
    readonly ticks: number;
    readonly served: number;
    readonly pid: number;
    readonly left: number;
  }
  const fate = createFate(3);
  let fn: LambdaFunction;
  beforeAll(() => {
    const file = join(folder, 'told.mjs');
    writeFileSync(file, HANDLER);
    fn = createLambda({ name: 'told', file, folder, env: {}, timeoutSeconds: 1, fate });
  });
  afterAll(() => fn.close());
  const invoke = async (event: object): Promise<Told> => (await fn.invoke(event)) as Told;

  test('is kept for the next event, and stands still until then', async () => {
    const first = await invoke({});
    await sleep(300);
    const second = await invoke({});
    expect(second).toMatchObject({ pid: first.pid, served: 2 });
    expect(second.ticks - first.ticks).toBeLessThan(10);
    expect(first.left).toBeGreaterThan(500);
  });

  test('serves one event at a time: others get their own', async () => {
    const told = await Promise.all([invoke({ waitMs: 100 }), invoke({ waitMs: 100 })]);
    expect(new Set(told.map(({ pid }) => pid)).size).toBe(2);
    expect(fn.peak).toBeGreaterThanOrEqual(2);
  });

  test('ends when its time is over, and with what it was doing when it is taken away', async () => {
    await expect(fn.invoke({ waitMs: 60_000 })).rejects.toThrow('the environment is gone');
    const lost = fn.invoke({ waitMs: 800 });
    setTimeout(() => fn.kill(), 300);
    await expect(lost).rejects.toThrow('the environment is gone');
    expect(await invoke({})).toMatchObject({ served: 1 });
  });

  test('fails with what its handler throws, and with an answer beyond 6 MB', async () => {
    await expect(fn.invoke({ fail: true })).rejects.toThrow('as asked');
    await expect(fn.invoke({ size: 7_000_000 })).rejects.toThrow('Response payload size exceeded');
    await expect(fn.invoke({ text: 'x'.repeat(7_000_000) })).rejects.toThrow('413');
  });

  test.each([
    ['killed', { waitMs: 500 }],
    ['unheard', {}],
  ] as const)('may be %s at any time', async (trouble, event) => {
    fate.set({ ...CALM, [trouble]: 1 });
    await expect(fn.invoke(event)).rejects.toThrow('the environment is gone');
    fate.set(CALM);
    expect(fate.counts.get(trouble)).toBe(1);
    expect(await invoke({})).toMatchObject({ served: 1 });
  });

  test('may be hurried, and frozen in the middle of its work', async () => {
    fate.set({ ...CALM, hurried: 1 });
    expect((await invoke({})).left).toBeLessThan(400);
    fate.set({ ...CALM, frozen: 1 });
    expect(await invoke({ waitMs: 200 })).toMatchObject({ pid: expect.any(Number) });
    expect(fate.counts.get('frozen')).toBe(1);
    fate.set(CALM);
  });

  test('that fails a schedule is asked three times, then the event is put aside with its story', async () => {
    const records: string[] = [];
    const onFailure = async (record: string): Promise<void> => void records.push(record);
    expect(await invokeAsync(fn, {}, { maxRetries: 2, onFailure })).toBe('done');
    expect(await invokeAsync(fn, { fail: true }, { maxRetries: 2, onFailure })).toBe('given up');
    expect(records.map((record) => JSON.parse(record))).toMatchObject([
      {
        requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
        requestPayload: { fail: true },
        responsePayload: { errorMessage: expect.stringContaining('as asked') },
      },
    ]);
  });
});

test('what is left to chance is the same for the same seed', () => {
  const draw = (seed: number) => {
    const fate = createFate(seed);
    fate.set({ ...CALM, killed: 0.5, shuffled: true });
    return [Array.from({ length: 40 }, () => fate.strikes('killed')), fate.shuffle(numbered(9))];
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
});
