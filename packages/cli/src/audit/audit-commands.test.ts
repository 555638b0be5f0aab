import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuditLog } from '@sluice/audit/audit-log';
import { encodeVerifierKey } from '@sluice/audit/checkpoint';
import { exportBundle } from '@sluice/audit/export/export-bundle';
import { createKeyring } from '@sluice/audit/keyring';
import { createTrailReader } from '@sluice/audit/read/trail-reader';
import { sealLog } from '@sluice/audit/seal';
import { ACME, createAuditFixture, createTestSigner } from '@sluice/audit/testing/audit-fixture';
import { verifyLog } from '@sluice/audit/verify/verify-log';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** A pipeline's audit API over a real trail, as far as the commands use it; what was asked is kept. */
async function makePipeline() {
  const fixture = createAuditFixture();
  const keyring = createKeyring({ ...fixture });
  const log = createAuditLog({ ...fixture, keyring });
  const events = ['ada', 'bob', 'ada'].map((user_id, i) =>
    fixture.event({
      type: 'USER_LOGIN',
      user_id,
      action: 'login',
      resource: `console\u001b[2J${i}`,
      result: 'denied',
    }),
  );
  await log.append(ACME, events);
  await sealLog(ACME, { ...fixture, log, publish: async () => {} });
  const reader = createTrailReader({ table: fixture.table, keyring });
  const key = encodeVerifierKey(fixture.signer);
  const asked: string[] = [];
  const answers = new Map<string, () => Promise<Response> | Response>();
  const fetch = (async (input: string, init: RequestInit = {}) => {
    const { pathname, searchParams } = new URL(input);
    const path = pathname.replace('/v1/audit', '');
    asked.push(`${init.method} ${path}?${searchParams} ${init.body ?? ''}`.trim());
    const own = answers.get(`${init.method} ${path}`);
    if (own !== undefined) return own();
    const id = /^\/events\/([^/]+)/.exec(path)?.[1];
    if (path.endsWith('/proof')) {
      const { proof } = (await reader.prove(ACME, id!)) as { proof: object };
      return Response.json({ ...proof, key });
    }
    if (id !== undefined) {
      const found = await reader.get(ACME, id);
      if (found === undefined) return Response.json({ error: `there is no event "${id}"` }, { status: 404 });
      return Response.json({ seq: found.seq, ...found.event });
    }
    if (path === '/events') {
      const actors = searchParams.getAll('actor');
      const cursor = searchParams.get('cursor');
      const order = searchParams.get('order') === 'newest' ? 'newest' : 'oldest';
      const page = await reader.query(ACME, actors.length === 0 ? {} : { actors }, {
        limit: Math.min(2, Number(searchParams.get('limit') ?? 2)),
        order,
        follow: searchParams.has('follow'),
        ...(cursor === null ? {} : { cursor }),
      });
      return Response.json({ ...page, events: page.events.map(({ seq, event }) => ({ seq, ...event })) });
    }
    if (path === '/verify') {
      const verification = await verifyLog(ACME, { table: fixture.table, keyring, keys: [fixture.signer] });
      return Response.json(verification);
    }
    if (path === '/export') {
      const lines: string[] = [];
      const options = { table: fixture.table, keyring, filter: {}, keys: [fixture.signer], nowMs: 0 };
      for await (const line of exportBundle(ACME, options)) lines.push(line);
      const manifest = Buffer.from(JSON.stringify({ format: 'jsonl', size: 3 })).toString('base64url');
      return new Response(lines.join(''), { headers: { 'sluice-audit-manifest': manifest } });
    }
    return Response.json({ error: 'not here' }, { status: 404 });
  }) as typeof globalThis.fetch;
  const audit = async (...argv: readonly string[]) => {
    const io = createFakeIo({ cwd: folder.path, fetch, env: { SLUICE_KEY: 'slk_x' } });
    const code = await run(['audit', ...argv], io);
    return { code, out: io.out(), err: io.err() };
  };
  return { fixture, events, key, asked, answers, audit };
}

test('query pages up to its limit and says whether there is more', async () => {
  const { audit, asked } = await makePipeline();
  const { code, out, err } = await audit(
    'query',
    '--limit',
    '3',
    '--since',
    '1h',
    '--actor',
    'ada',
    '--actor',
    'bob',
  );
  expect([code, err]).toEqual([0, '3 events\n']);
  expect(out.split('\n')[0]).toMatch(/^TIME\s+LEVEL\s+TYPE\s+ACTOR\s+ACTION\s+TARGETS\s+RESULT\s+ID$/);
  expect(out.match(/USER_LOGIN/g)?.length).toBe(3);
  expect(out).not.toContain('\u001b');
  expect(asked[0]).toMatch(/^GET \/events\?actor=ada&actor=bob&from=.*&order=newest&limit=3$/);
  expect(asked[1]).toMatch(/limit=1&cursor=/);
  const answer = JSON.parse((await audit('query', '--limit', '1', '--json')).out);
  expect([answer.events.length, answer.more]).toEqual([1, true]);
});

test('tail goes on where it was, as one question', async () => {
  const { audit, asked } = await makePipeline();
  const { code, out } = await audit('tail', '--once', '--json');
  const events = out.trim().split('\n');
  expect([code, events.length]).toEqual([0, 3]);
  expect(events.map((line) => JSON.parse(line).seq)).toEqual([0, 1, 2]);
  expect(asked.filter((line) => !line.includes('cursor=')).length).toBe(1);
  expect((await audit('tail', '--once')).out).toMatch(/USER_LOGIN {2}ada {2}login/);
});

test('show proves an event against a key that is trusted, and says when it cannot', async () => {
  const { audit, events, key, answers } = await makePipeline();
  const id = events[1]!.id;
  expect((await audit('show', id)).out).toMatch(/^seq +1\n/);
  writeFileSync(join(folder.path, 'audit.pub'), `# of the pipeline\n${key}\n`);
  const proved = await audit('show', id, '--proof', '--key', 'audit.pub');
  expect([proved.code, proved.out]).toEqual([0, expect.stringContaining('proved  event 1 of the 3')]);
  const stranger = encodeVerifierKey(createTestSigner('sluice-test'));
  const doubted = await audit('show', id, '--proof', '--key', stranger, '--json');
  expect([doubted.code, JSON.parse(doubted.out)]).toEqual([
    1,
    expect.objectContaining({ proved: false, reason: expect.stringContaining('no valid signature') }),
  ]);
  const other = JSON.parse((await audit('show', events[0]!.id, '--proof', '--json')).out).proof;
  answers.set(`GET /events/${id}/proof`, () => Response.json({ ...other, key }));
  expect((await audit('show', id, '--proof')).out).toContain('not proved  the proof is of another event');
  answers.set(`GET /events/${id}/proof`, () =>
    Response.json({ ...other, seq: 1, entry: JSON.stringify({ id }), key }),
  );
  expect((await audit('show', id, '--proof')).out).toContain('does not lead to the sealed tree');
  expect(await audit('show', 'login')).toMatchObject({
    code: 2,
    err: expect.stringContaining('is no event'),
  });
  const missing = `ev_${'0'.repeat(40)}`;
  expect(await audit('show', missing)).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no event'),
  });
});

test('a question that the pipeline does not understand is wrong usage', async () => {
  const { audit, answers } = await makePipeline();
  const error = 'level "LOUD" is not one of INFO, WARNING';
  answers.set('GET /events', () => Response.json({ error }, { status: 400 }));
  const { code, err } = await audit('query', '--level', 'LOUD');
  expect(code).toBe(2);
  expect(err).toContain(`sluice: ${error} (`);
});

test('verify ends with 0 when all is proved, 1 with what and where, 2 when it cannot tell', async () => {
  const { audit, fixture, answers } = await makePipeline();
  expect(await audit('verify')).toMatchObject({ code: 0, out: 'proved  3 events, 3 sealed\n' });
  await fixture.table.delete({ pk: 'audit#acme', sk: 'chk#0000000000000003' });
  const segment = (await fixture.table.get({ pk: 'audit#acme', sk: 'seg#0000000000000000' }))!;
  const bodies = Uint8Array.from(segment.bodies as Uint8Array);
  bodies[100]! ^= 1;
  await fixture.table.put({ ...segment, bodies });
  const tampered = await audit('verify');
  expect(tampered.code).toBe(1);
  expect(tampered.out).toMatch(
    /^tampered with {2}3 events, 0 sealed\n {2}mutated {2}0: the event is not the one/,
  );
  expect(JSON.parse((await audit('verify', '--json')).out).findings.length).toBeGreaterThan(0);
  answers.set('POST /verify', () => Promise.reject(new TypeError('fetch failed')));
  expect(await audit('verify')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no pipeline answers'),
  });
  answers.set('POST /verify', () => Response.json({ error: 'the API key is not known' }, { status: 401 }));
  expect(await audit('verify')).toMatchObject({ code: 2, err: expect.stringContaining('scope audit:read') });
});

test('an export proves itself offline, and shows every change that is made to it', async () => {
  const { audit, key } = await makePipeline();
  expect((await audit('export', 'trail.jsonl')).out).toMatch(
    /^wrote trail.jsonl \(.*\) and trail.jsonl.manifest.json/,
  );
  const path = join(folder.path, 'trail.jsonl');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const manifest = JSON.parse(readFileSync(`${path}.manifest.json`, 'utf8'));
  expect(manifest).toMatchObject({
    file: 'trail.jsonl',
    format: 'jsonl',
    size: 3,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(await audit('verify', 'trail.jsonl', '--key', key)).toMatchObject({
    code: 0,
    out: 'proved  3 events, 3 sealed\n',
  });
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('"login"', '"logout"'));
  expect(await audit('verify', 'trail.jsonl', '--key', key)).toMatchObject({ code: 1 });
  writeFileSync(path, text.split('\n').slice(0, 3).join('\n'));
  expect((await audit('verify', 'trail.jsonl', '--key', key)).out).toContain('the bundle was cut off');
  expect(await audit('export', 'trail.jsonl')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--force'),
  });
  expect((await audit('export', 'trail.jsonl', '--force', '--json')).code).toBe(0);
  expect((await audit('export', '-')).out).toBe(text);
});

test.each([
  [['verify', 'trail.jsonl'], '--key is missing'],
  [['verify', 'trail.jsonl', '--key', 'rubbish'], 'there is no file trail.jsonl'],
  [['verify', '--key', 'x'], '--key goes with a BUNDLE'],
  [['erase', 'ada'], 'add --yes'],
  [['hold', 'case-7'], '--reason is missing'],
  [['hold', '--release'], 'which hold?'],
  [['query', '--since', '1h', '--from', '2026-01-01'], '--since does not go with --from'],
  [['export', 'x', '--format', 'xml'], '"xml" is not one of jsonl, csv, ocsf'],
])('%j is answered with the right way', async (argv, message) => {
  const { audit } = await makePipeline();
  expect(await audit(...argv)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
});

test('holds are placed, listed and released, and a subject is erased, as the API takes it', async () => {
  const { audit, answers, asked } = await makePipeline();
  const hold = {
    id: 'case-7',
    reason: 'file 7',
    placedAt: '2026-01-01T00:00:00.000Z',
    scope: { actorRefs: ['ab'] },
  };
  answers.set('PUT /holds/case-7', () => Response.json(hold));
  answers.set('DELETE /holds/case-7', () => Response.json({ released: 'case-7' }));
  answers.set('POST /erase', () => Response.json({ status: 'erased', keys: 2 }));
  let holds: object[] = [];
  answers.set('GET /holds', () => Response.json({ holds }));
  expect((await audit('hold')).out).toBe('there are no holds\n');
  holds = [hold, { ...hold, id: 'all', scope: {} }];
  expect((await audit('hold')).out).toMatch(/case-7 .*\{"actorRefs":\["ab"\]\}.*file 7\nall .*everything/);
  expect(
    (await audit('hold', 'case-7', '--reason', 'file 7', '--actor', 'ada', '--from', '2026-01-01')).out,
  ).toBe('hold case-7 is placed\n');
  expect(asked.at(-1)).toBe('PUT /holds/case-7? {"reason":"file 7","actors":["ada"],"from":"2026-01-01"}');
  expect((await audit('hold', 'case-7', '--release')).out).toBe('hold case-7 is released\n');
  expect((await audit('erase', 'ada', '--yes')).out).toBe('ada is erased: 2 keys destroyed\n');
  expect(asked.at(-1)).toBe('POST /erase? {"subject":"ada"}');
  answers.set('POST /erase', () => Response.json({ error: 'the hold "all" forbids it' }, { status: 409 }));
  expect(await audit('erase', 'ada', '--yes')).toMatchObject({
    code: 1,
    err: expect.stringContaining('forbids it'),
  });
});
