import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeEnvelope, encodePayload, messageIdOf, toDeadLetter } from '@sluice/core/envelope';
import { parseTenantId } from '@sluice/core/ids';
import { DATA_FILE, deadLetterName } from '@sluice/core/names';
import type { OutgoingMessage } from '@sluice/core/ports/queue';
import { createHurriedClock } from '@sluice/core/testing/hurried-clock';
import { encodeSpanCounts } from '@sluice/metrics/span-metrics/span-counts-codec';
import { makeTraceRequest } from '@sluice/otlp/testing/requests';
import { openDatabase } from '@sluice/platform/embedded/database';
import { createEmbeddedQueue } from '@sluice/platform/embedded/queue';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

const clock = createHurriedClock(Date.UTC(2026, 0, 1));
const tenant = parseTenantId('team-a');

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

async function withQueue<T>(
  name: string,
  work: (queue: ReturnType<typeof createEmbeddedQueue>) => Promise<T>,
): Promise<T> {
  const database = openDatabase({ path: join(folder.path, '.sluice', DATA_FILE.database) });
  try {
    return await work(createEmbeddedQueue({ database, name, clock }));
  } finally {
    await database.close();
  }
}

interface Dead {
  readonly seed: number;
  readonly reason: string;
  readonly sink?: string;
}

const payloadOf = (seed: number): Uint8Array => makeTraceRequest({ spans: 3, seed });
const idOf = (seed: number): string => messageIdOf(tenant, 'traces', payloadOf(seed));

function toMessage({ seed, reason, sink }: Dead): OutgoingMessage {
  const raw = payloadOf(seed);
  const envelope = encodeEnvelope(
    {
      id: messageIdOf(tenant, 'traces', raw),
      signal: 'traces',
      tenant,
      items: 3,
      receivedAtMs: clock.nowMs(),
      gzip: gzipSync(raw),
    },
    sink === undefined ? undefined : { sink, attempt: 7, firstSeenMs: clock.nowMs() },
  );
  return toDeadLetter(envelope, { reason, source: 'traces', atMs: clock.nowMs() - 3_600_000 });
}

const bury = (...dead: readonly Dead[]): Promise<unknown> =>
  withQueue(deadLetterName('traces'), (queue) => queue.send(dead.map(toMessage)));

async function dlq(...argv: readonly string[]) {
  const io = createFakeIo({ cwd: folder.path, clock });
  const code = await run(['dlq', ...argv], io);
  return { code, out: io.out(), err: io.err(), json: () => JSON.parse(io.out()) };
}

const idsOn = (name: string): Promise<readonly (string | undefined)[]> =>
  withQueue(name, async (queue) => {
    const got = await queue.receive({ maxMessages: 10, visibilityTimeoutMs: 1000, waitMs: 0 });
    for (const { receiptHandle } of got) await queue.changeVisibility(receiptHandle, 0);
    return got.map(({ attributes }) => attributes.id).sort();
  });

describe('dlq list', () => {
  test('groups by reason, the largest first, with counts, age and an example', async () => {
    await bury(
      { seed: 1, reason: 'too large' },
      { seed: 2, reason: 'malformed \u001b[2J' },
      { seed: 3, reason: 'too large', sink: 'tempo' },
      { seed: 4, reason: 'too large' },
    );
    const { code, json } = await dlq('list', '--json');
    expect(code).toBe(0);
    expect(
      json().groups.map(({ reason, sink, messages, items, tenants }: Record<string, unknown>) => [
        reason,
        sink,
        messages,
        items,
        tenants,
      ]),
    ).toEqual([
      ['too large', null, 2, 6, ['team-a']],
      ['malformed \u001b[2J', null, 1, 3, ['team-a']],
      ['too large', 'tempo', 1, 3, ['team-a']],
    ]);
    const { out } = await dlq('list');
    expect(out).toMatch(/traces\s+2\s+6\s+1 h\s+-\s+[0-9a-f]{12}\s+too large\n/);
    expect(out).toContain('malformed \\x1b[2J');
    expect(out).toContain('4 messages.');
  });

  test('changes nothing, and can be narrowed', async () => {
    await bury({ seed: 1, reason: 'too large' }, { seed: 2, reason: 'malformed', sink: 'loki' });
    expect((await dlq('list', '--reason', 'LARGE', '--each', '--json')).json().each).toMatchObject([
      { id: idOf(1), source: 'traces', tenant: 'team-a' },
    ]);
    expect((await dlq('list', '--sink', 'loki', '--each')).out).toContain(idOf(2).slice(0, 12));
    expect((await dlq('list', '--queue', 'logs')).out).toBe('There are no dead letters.\n');
    expect((await dlq('list', '--tenant', 'nobody', '--json')).json().messages).toBe(0);
    expect(await idsOn('traces-dead')).toEqual([idOf(1), idOf(2)].sort());
  });

  test('without a data directory says so', async () => {
    const { code, err } = await dlq('list');
    expect([code, err]).toEqual([1, expect.stringMatching(/there is no data in .*\.sluice/)]);
  });
});

describe('dlq show', () => {
  test('tells why, and the payload as OTLP JSON', async () => {
    await bury({ seed: 1, reason: 'too large', sink: 'tempo' });
    const { json } = await dlq('show', idOf(1).slice(0, 8), '--json');
    expect(json()).toMatchObject({
      id: idOf(1),
      signal: 'traces',
      reason: 'too large',
      sink: 'tempo',
      items: 3,
      tenant: 'team-a',
    });
    expect(json().payload.resourceSpans[0].scopeSpans[0].spans[0].traceId).toMatch(/^[0-9a-f]{32}$/);
    const { out } = await dlq('show', idOf(1));
    expect(out).toMatch(/reason\s+too large\n/);
    expect(out).toContain('"resourceSpans": [');
  });

  test('counts of spans are shown as counts', async () => {
    const group = {
      spanName: 'GET /',
      kind: 2,
      status: 0,
      count: 3,
      sumNanos: 5,
      buckets: [3, ...Array<number>(14).fill(0)],
      timeMs: 1000,
      exemplar: undefined,
    };
    const bytes = encodeSpanCounts(
      [{ attributes: [{ key: 'service.name', text: 'shop' }], groups: [group] }],
      2000,
    );
    const facts = { id: idOf(1), signal: 'metrics', tenant: 'team-a', items: 2, receivedAtMs: 2000 } as const;
    const message = encodePayload(facts as never, { codec: 'span-counts', bytes });
    const dead = toDeadLetter(message, { reason: 'odd', source: 'metrics', atMs: 3000 });
    await withQueue('metrics-dead', (queue) => queue.send([dead]));
    const shown = (await dlq('show', idOf(1), '--json')).json();
    expect(shown).toMatchObject({
      items: 2,
      payload: { spanCounts: [{ groups: [{ spanName: 'GET /', count: 3 }] }] },
    });
  });

  test('--save writes what sluice send takes', async () => {
    await bury({ seed: 1, reason: 'too large' });
    expect((await dlq('show', idOf(1), '--save', 'dead.pb')).code).toBe(0);
    expect((await readFile(join(folder.path, 'dead.pb'))).equals(payloadOf(1))).toBe(true);
  });

  test.each([
    [
      'is no envelope',
      { body: 'hello', attributes: { dead: JSON.stringify({ reason: 'odd', source: 'traces', atMs: 5 }) } },
      /the message is no envelope of Sluice/,
    ],
    [
      'has damaged gzip',
      { ...toMessage({ seed: 1, reason: 'odd' }), body: Buffer.from('nonsense').toString('base64') },
      /the gzip is damaged/,
    ],
    [
      'is no OTLP',
      { ...toMessage({ seed: 1, reason: 'odd' }), body: gzipSync('\u0007\u0007').toString('base64') },
      /payload cannot be read/,
    ],
  ])('a message that %s is still shown', async (_, message, problem) => {
    await withQueue('traces-dead', (queue) => queue.send([message]));
    const { json } = await dlq('list', '--each', '--json');
    const { code, out } = await dlq('show', json().each[0].id);
    expect(code).toBe(0);
    expect(out).toMatch(/reason\s+odd\n/);
    expect(out).toMatch(problem);
    expect((await dlq('show', json().each[0].id, '--json')).json().payloadBase64).not.toBe('');
  });

  test('an unknown id and an ambiguous beginning are told apart', async () => {
    await bury({ seed: 1, reason: 'a' }, { seed: 2, reason: 'b' });
    expect((await dlq('show', 'ffffffffffff')).err).toMatch(
      /there is no dead letter ffffffffffff; "sluice dlq list --each"/,
    );
    expect((await dlq('show', '')).err).toMatch(/is the beginning of several ids/);
  });
});

describe('dlq redrive', () => {
  test('sends the selected back to their queue, to start over', async () => {
    await bury({ seed: 1, reason: 'too large', sink: 'tempo' }, { seed: 2, reason: 'malformed' });
    const { code, out } = await dlq('redrive', '--reason', 'too large');
    expect([code, out]).toEqual([0, 'redriven 1 message (1 traces)\n']);
    expect([await idsOn('traces'), await idsOn('traces-dead')]).toEqual([[idOf(1)], [idOf(2)]]);
    const [message] = await withQueue('traces', (queue) =>
      queue.receive({ maxMessages: 1, visibilityTimeoutMs: 1, waitMs: 0 }),
    );
    expect(message!.attributes.dead).toBeUndefined();
    expect(JSON.parse(message!.attributes.retry!)).toMatchObject({ sink: 'tempo', attempt: 0 });
  });

  test('by id, all, or a number', async () => {
    await bury(...[1, 2, 3, 4].map((seed) => ({ seed, reason: 'x' })));
    expect((await dlq('redrive', idOf(3), '--json')).json()).toMatchObject({
      redriven: 1,
      kept: 3,
      failed: [],
    });
    expect((await dlq('redrive', '--all', '--limit', '1', '--json')).json().redriven).toBe(1);
    expect((await dlq('redrive', '--all', '--json')).json().redriven).toBe(2);
    expect(await idsOn('traces')).toHaveLength(4);
  });

  test('interrupted, it stops with 130 and loses nothing', async () => {
    await bury({ seed: 1, reason: 'x' });
    const io = createFakeIo({ cwd: folder.path, clock });
    io.interrupt();
    expect(await run(['dlq', 'redrive', '--all'], io)).toBe(130);
    expect(io.err()).toContain('the same command goes on where this stopped');
    expect(await idsOn('traces-dead')).toEqual([idOf(1)]);
  });
});

describe('dlq drop', () => {
  test('says what it would do and fails without --yes', async () => {
    await bury({ seed: 1, reason: 'x' }, { seed: 2, reason: 'y' });
    const { code, err } = await dlq('drop', '--reason', 'x');
    expect([code, err]).toEqual([
      1,
      'sluice: this would delete 1 dead letter for good: add --yes to do it\n',
    ]);
    expect(await idsOn('traces-dead')).toHaveLength(2);
  });

  test('deletes the selected only', async () => {
    await bury({ seed: 1, reason: 'x' }, { seed: 2, reason: 'y' });
    expect((await dlq('drop', '--reason', 'x', '--yes')).out).toBe('dropped 1 message (1 traces)\n');
    expect(await idsOn('traces-dead')).toEqual([idOf(2)]);
  });
});
