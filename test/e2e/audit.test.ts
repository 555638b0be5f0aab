/**
 * The audit trail on a real process: the calls of the source systems over HTTP, proofs, tampering with the file, erasure and
 * holds. Everything is asked for as its users do.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalProcess, makeDataDir, removeDataDir, runCli, startLocalProcess } from './local-process.ts';

interface Row {
  readonly seq: number;
  readonly id: string;
  readonly type: string;
  readonly level: string;
  readonly action: string;
  readonly result: string;
  readonly actor?: { readonly id: string };
  readonly erased?: true;
  readonly targets: readonly { readonly id: string }[];
  readonly severity?: string;
  readonly source?: { readonly ip?: string };
}

async function until<T>(ask: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await ask();
    if (isDone(value) || tries === 100) return value;
    await sleep(100);
  }
}

function talkTo({ ingestUrl, apiUrl }: Pick<LocalProcess, 'ingestUrl' | 'apiUrl'>) {
  const api = async (
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${apiUrl}/v1/audit${path}`, { method, ...init });
    return { status: response.status, body: await response.json() };
  };
  const query = async (parameters: string): Promise<readonly Row[]> =>
    ((await api('GET', `/events?consistent=true&${parameters}`)).body as { events: Row[] }).events;
  return {
    api,
    query,
    queryUntil: (parameters: string, count: number) =>
      until(
        () => query(parameters),
        (rows) => rows.length >= count,
      ),
    async log(event: object | readonly object[], headers: Record<string, string> = {}) {
      const response = await fetch(`${ingestUrl}/v1/audit`, {
        method: 'POST',
        body: JSON.stringify(event),
        headers,
      });
      expect(response.status).toBe(200);
      return ((await response.json()) as { results: { id: string }[] }).results.map(({ id }) => id);
    },
    /** What `StructuredLogger` of Lyss writes, collected as an OTLP log record. */
    async lyss(level: string, fields: object) {
      const line = JSON.stringify({ timestamp: new Date().toISOString(), service: 'lyss', level, ...fields });
      const record = { body: { stringValue: line } };
      const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${ingestUrl}/v1/logs`, { method: 'POST', headers, body });
      expect(response.status).toBe(200);
    },
    async logLines(): Promise<string> {
      const end = Date.now() + 60_000;
      const range = `start=${end - 3_600_000}000000&end=${end}000000&limit=5000`;
      const selector = encodeURIComponent('{service=~".+"}');
      return (await fetch(`${apiUrl}/loki/api/v1/query_range?query=${selector}&${range}`)).text();
    },
    sealed: () =>
      until(
        async () => (await api('GET', '/checkpoints')).body as { checkpoints: string[] },
        ({ checkpoints }) => checkpoints.length > 0,
      ),
  };
}

const EVERY_SECOND = { SLUICE_TICK_SECONDS: '1' };

describe('what the source systems ask for', () => {
  let pipeline: LocalProcess;
  let trail: ReturnType<typeof talkTo>;
  beforeAll(async () => {
    pipeline = await startLocalProcess(EVERY_SECOND);
    trail = talkTo(pipeline);
  });
  afterAll(async () => {
    await pipeline[Symbol.asyncDispose]();
    removeDataDir(pipeline.dataDir);
  });

  test('log_user_event and query_events(users, time_range) of Perfect21', async () => {
    const start = new Date().toISOString();
    await trail.log({
      event_type: 'USER_ACTION',
      user_id: 'user123',
      action: 'data_export',
      resource: 'customer_data',
      result: 'success',
    });
    await trail.log({
      event_type: 'USER_ACTION',
      user_id: 'user456',
      action: 'data_export',
      result: 'success',
    });
    await trail.queryUntil('user=user456', 1);
    const end = new Date(Date.now() + 1000).toISOString();
    const rows = await trail.query(`user=user123&from=${start}&to=${end}`);
    expect(rows).toMatchObject([
      {
        type: 'USER_ACTION',
        actor: { id: 'user123' },
        action: 'data_export',
        result: 'success',
        targets: [{ id: 'customer_data' }],
      },
    ]);
    expect(await trail.query(`user=user123&to=${start}`)).toEqual([]);
  });

  test('log_security_event and query_events(event_types, levels) of Perfect21', async () => {
    await trail.log([
      {
        event_type: 'SECURITY_VIOLATION',
        action: 'unauthorized_access',
        result: 'blocked',
        source_ip: '192.168.1.100',
      },
      {
        event_type: 'SECURITY_VIOLATION',
        level: 'CRITICAL',
        action: 'privilege_escalation',
        result: 'blocked',
      },
      { event_type: 'SECURITY_VIOLATION', level: 'INFO', action: 'port_scan', result: 'blocked' },
      { event_type: 'USER_LOGIN', level: 'WARNING', action: 'login', result: 'failure' },
    ]);
    await trail.queryUntil('event_type=USER_LOGIN', 1);
    const rows = await trail.query('event_type=SECURITY_VIOLATION&level=WARNING&level=CRITICAL&order=oldest');
    expect(rows.map(({ action, level }) => [action, level])).toEqual([
      ['unauthorized_access', 'WARNING'],
      ['privilege_escalation', 'CRITICAL'],
    ]);
    expect(rows[0]?.source?.ip).toBe('192.168.1.100');
  });

  test('audit() and security() of Lyss, by HTTP and as log lines', async () => {
    const audit = {
      event_type: 'tenant_update',
      tenant_id: 't-1',
      user_id: 'lena',
      action: 'update',
      resource: 'quota',
      result: 'success',
    };
    const security = { event_type: 'brute_force', severity: 'high', description: 'many failed logins' };
    await trail.log([
      { level: 'AUDIT', message: 'Audit event: tenant_update', ...audit },
      { level: 'SECURITY', message: 'Security event: brute_force', ...security },
    ]);
    await trail.lyss('AUDIT', { message: 'Audit event: tenant_update', ...audit });
    await trail.lyss('SECURITY', { message: 'Security event: brute_force', ...security });
    const updates = await trail.queryUntil('type=tenant_update', 2);
    expect(updates.map(({ actor, action, targets }) => [actor?.id, action, targets[0]?.id])).toEqual([
      ['lena', 'update', 'quota'],
      ['lena', 'update', 'quota'],
    ]);
    const attacks = await trail.queryUntil('category=security&severity=high', 2);
    expect(attacks.map(({ type, level }) => [type, level])).toEqual([
      ['brute_force', 'CRITICAL'],
      ['brute_force', 'CRITICAL'],
    ]);
    const lines = await until(
      trail.logLines,
      (text) => text.includes('tenant_update') && text.includes('brute_force'),
    );
    expect(lines).not.toContain('lena');
    expect(lines).toMatch(/SECURITY.*brute_force|brute_force.*SECURITY/);
  });

  test('the same request under one Idempotency-Key is recorded once, and who reads is recorded', async () => {
    for (let i = 0; i < 3; i++) await trail.log({ type: 'once' }, { 'idempotency-key': 'k-1' });
    await trail.log({ type: 'after' });
    await trail.queryUntil('type=after', 1);
    expect((await trail.query('type=once')).length).toBe(1);
    const reads = await trail.queryUntil('type=audit.read', 5);
    expect(reads.every(({ actor }) => actor?.id === 'anonymous')).toBe(true);
    const summary = (await trail.api('GET', '/summary')).body as { failedLogins: number; bySeverity: object };
    expect(summary).toMatchObject({ failedLogins: 1, bySeverity: { high: 2 } });
  });

  test('every event is sealed, proved online and offline, and counted among the metrics', async () => {
    await trail.sealed();
    const [id] = await trail.log({ type: 'PROVED', user_id: 'pia' });
    const env = { SLUICE_API_URL: pipeline.apiUrl };
    const shown = await until(
      () => runCli(['audit', 'show', id!, '--proof'], env),
      ({ code }) => code === 0,
    );
    expect(shown.stdout).toMatch(/proved {2}event \d+ of the \d+ that sluice-audit sealed/);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-audit-'));
    try {
      const key = await (await fetch(`${pipeline.apiUrl}/v1/audit/key`)).text();
      writeFileSync(join(folder, 'key'), key);
      const file = join(folder, 'trail.jsonl');
      expect((await runCli(['audit', 'export', file, '--type', 'PROVED'], env)).code).toBe(0);
      const verified = await runCli(['audit', 'verify', file, '--key', join(folder, 'key')], {});
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('1 with content') });
      writeFileSync(file, readFileSync(file, 'utf8').replace('PROVED', 'FORGED'));
      expect((await runCli(['audit', 'verify', file, '--key', join(folder, 'key')], {})).code).toBe(1);
      for (const [format, expected] of [
        ['csv', /^seq,id,time,[^\n]*\r\n\d+,ev_/],
        ['ocsf', /^\{"class_uid":6003,/],
      ] as const) {
        const rows = join(folder, format);
        expect(
          (await runCli(['audit', 'export', rows, '--format', format, '--type', 'PROVED'], env)).code,
        ).toBe(0);
        expect(readFileSync(rows, 'utf8')).toMatch(expected);
        const manifest = JSON.parse(readFileSync(`${rows}.manifest.json`, 'utf8'));
        const finished = await until(
          () => trail.query(`type=audit.export_finished&text=${manifest.exportId}`),
          (found) => found.length > 0,
        );
        expect(finished).toMatchObject([{ attributes: { sha256: manifest.sha256 } }]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect((await runCli(['audit', 'verify'], env)).stdout).toMatch(/^proved/);
    const metrics = await (await fetch(`${pipeline.apiUrl}/metrics`)).text();
    expect(Number(/^audit_checkpoint_age_seconds (\S+)$/m.exec(metrics)?.[1])).toBeLessThan(30);
    expect(metrics).toContain('audit_seal_refused{tenant="default"} 0');
    expect(pipeline.errors).toEqual([]);
  });
});

test('erasing a person leaves nothing of them readable, a hold forbids it, and the log still proves itself', async () => {
  const pipeline = await startLocalProcess(EVERY_SECOND);
  try {
    const trail = talkTo(pipeline);
    const secret = { actor: { id: 'dora.keller', email: 'dora@example.org' }, source_ip: '203.0.113.77' };
    await trail.log([
      { type: 'USER_LOGIN', ...secret, result: 'failure', description: 'Dora was at the gate' },
      { type: 'USER_LOGIN', user_id: 'emil', result: 'success' },
    ]);
    await trail.lyss('AUDIT', {
      event_type: 'export',
      user_id: 'dora.keller',
      message: 'Audit event: export',
    });
    await trail.queryUntil('actor=dora.keller', 2);
    await trail.sealed();
    const hold = { reason: 'litigation', actors: ['dora.keller'] };
    expect((await trail.api('PUT', '/holds/case-7', hold)).status).toBe(200);
    expect((await trail.api('POST', '/erase', { subject: 'dora.keller' })).status).toBe(409);
    expect((await trail.api('DELETE', '/holds/case-7')).status).toBe(200);
    expect(await trail.api('POST', '/erase', { subject: 'dora.keller' })).toMatchObject({ status: 200 });
    expect((await trail.api('POST', '/erase', { subject: 'nobody' })).status).toBe(404);

    const env = { SLUICE_API_URL: pipeline.apiUrl };
    const rows = await trail.query('limit=1000');
    const exported = await Promise.all(
      ['jsonl', 'csv', 'ocsf'].map((format) => runCli(['audit', 'export', '-', '--format', format], env)),
    );
    const everything = [
      JSON.stringify(rows),
      ...exported.map(({ stdout }) => stdout),
      await trail.logLines(),
    ].join('\n');
    expect(everything).toContain('USER_LOGIN');
    expect(everything).toContain('emil');
    for (const trace of ['dora', 'Dora', '203.0.113.77']) expect(everything.includes(trace)).toBe(false);
    expect(rows.filter(({ erased }) => erased).length).toBe(2);
    expect((await runCli(['audit', 'verify'], env)).stdout).toMatch(/^proved/);
  } finally {
    await pipeline[Symbol.asyncDispose]();
    removeDataDir(pipeline.dataDir);
  }
});

test('a data file that was tampered with is not sealed any more, and verify says what and where', async () => {
  const dataDir = makeDataDir();
  try {
    let pipeline = await startLocalProcess(EVERY_SECOND, dataDir);
    let trail = talkTo(pipeline);
    await trail.log(Array.from({ length: 20 }, (_, i) => ({ type: `T${i}`, result: 'denied' })));
    await trail.queryUntil('type=T19', 1);
    await trail.sealed();
    await sleep(1500);
    expect((await pipeline.end('SIGTERM')).code).toBe(0);

    const file = new DatabaseSync(join(dataDir, 'sluice.db'));
    const row = file
      .prepare("SELECT id, data FROM table_item WHERE name = 'audit' AND sk = ?")
      .get(`seg#${'0'.repeat(16)}`)!;
    const item = deserialize(row.data as Uint8Array) as { bodies: Uint8Array };
    const bodies = Buffer.from(item.bodies).toString('latin1').replace('denied', 'obeyed');
    const forged = serialize({ ...item, bodies: Uint8Array.from(Buffer.from(bodies, 'latin1')) });
    file.prepare('UPDATE table_item SET data = ? WHERE id = ?').run(forged, row.id!);
    file.close();

    pipeline = await startLocalProcess(EVERY_SECOND, dataDir);
    const env = { SLUICE_API_URL: pipeline.apiUrl };
    const found = await runCli(['audit', 'verify'], env);
    expect(found).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('mutated  0: the event is not the one that the tree holds'),
    });
    expect((await pipeline.end('SIGTERM')).code).toBe(0);

    const rollback = new DatabaseSync(join(dataDir, 'sluice.db'));
    rollback.exec("DELETE FROM table_item WHERE name = 'audit'");
    rollback.close();
    pipeline = await startLocalProcess(EVERY_SECOND, dataDir);
    trail = talkTo(pipeline);
    await trail.log({ type: 'written anew' });
    const metrics = await until(
      async () => (await fetch(`${pipeline.apiUrl}/metrics`)).text(),
      (text) => text.includes('audit_seal_refused{tenant="default"} 1'),
    );
    expect(metrics).toContain('audit_seal_refused{tenant="default"} 1');
    expect(pipeline.errors.join('\n')).toMatch(
      /not sealed.*events, but \d+ were sealed: it was cut or rolled back/,
    );
    expect((await runCli(['audit', 'verify'], { SLUICE_API_URL: pipeline.apiUrl })).code).toBe(1);
    await pipeline[Symbol.asyncDispose]();
  } finally {
    removeDataDir(dataDir);
  }
});

test('events that were answered 200 are in the trail once after the process was killed', async () => {
  const dataDir = makeDataDir();
  try {
    const accepted = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const pipeline = await startLocalProcess(EVERY_SECOND, dataDir);
      const trail = talkTo(pipeline);
      const senders = Array.from({ length: 4 }, async (_, sender) => {
        for (let i = 0; ; i++) {
          const ids = await trail
            .log([
              { type: 'K', n: i },
              { type: 'K', id: `${round}-${sender}-${i}` },
            ])
            .catch(() => []);
          if (ids.length === 0) return;
          for (const id of ids) accepted.add(id);
        }
      });
      const enough = accepted.size + 30;
      await until(
        async () => accepted.size,
        (size) => size >= enough,
      );
      await pipeline.end('SIGKILL');
      await Promise.all(senders);
    }
    const pipeline = await startLocalProcess(EVERY_SECOND, dataDir);
    const env = { SLUICE_API_URL: pipeline.apiUrl };
    const queued = async () => (await fetch(`${pipeline.apiUrl}/metrics`)).text();
    await until(queued, (text) =>
      ['visible', 'in-flight'].every((state) => text.includes(`{queue="audit.fifo",state="${state}"} 0`)),
    );
    const { stdout } = await runCli(['audit', 'query', '--type', 'K', '--limit', '1000000', '--json'], env);
    const ids = (JSON.parse(stdout) as { events: Row[] }).events.map(({ id }) => id);
    expect(accepted.size).toBeGreaterThanOrEqual(90);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...accepted].filter((id) => !ids.includes(id))).toEqual([]);
    expect((await runCli(['audit', 'verify'], env)).stdout).toMatch(/^proved/);
    await pipeline[Symbol.asyncDispose]();
  } finally {
    removeDataDir(dataDir);
  }
});

test('beyond loopback each right needs its scope', async () => {
  const dataDir = makeDataDir();
  try {
    const make = async (scope: string) =>
      JSON.parse(
        (await runCli(['keys', 'create', scope, '--scope', scope, '--json'], { SLUICE_DATA_DIR: dataDir }))
          .stdout,
      ) as { secret: string };
    const keys = {
      write: await make('audit:write'),
      read: await make('audit:read'),
      query: await make('query:read'),
      admin: await make('admin'),
    };
    const pipeline = await startLocalProcess({ ...EVERY_SECOND, SLUICE_HOST: '0.0.0.0' }, dataDir);
    const at = (url: string): string => url.replace('0.0.0.0', '127.0.0.1');
    const statusOf = async (key: { secret: string }, method: string, url: string, body?: string) => {
      const headers = { authorization: `Bearer ${key.secret}` };
      return (await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })).status;
    };
    const intake = `${at(pipeline.ingestUrl)}/v1/audit`;
    const api = `${at(pipeline.apiUrl)}/v1/audit`;
    expect(await statusOf(keys.write, 'POST', intake, '{"type":"x","user_id":"u"}')).toBe(200);
    expect(await statusOf(keys.read, 'POST', intake, '{"type":"x"}')).toBe(403);
    expect(await statusOf(keys.read, 'GET', `${api}/events`)).toBe(200);
    expect(await statusOf(keys.query, 'GET', `${api}/events`)).toBe(403);
    expect(await statusOf(keys.read, 'POST', `${api}/erase`, '{"subject":"u"}')).toBe(403);
    expect(await statusOf(keys.read, 'PUT', `${api}/holds/h`, '{"reason":"r"}')).toBe(403);
    expect(await statusOf(keys.read, 'GET', `${api}/holds`)).toBe(200);
    expect(await statusOf(keys.admin, 'PUT', `${api}/holds/h`, '{"reason":"r"}')).toBe(200);
    await pipeline[Symbol.asyncDispose]();
  } finally {
    removeDataDir(dataDir);
  }
});

test('key files that others may read are not used', async () => {
  const dataDir = makeDataDir();
  try {
    const pipeline = await startLocalProcess({}, dataDir);
    await pipeline.end('SIGTERM');
    spawnSync('chmod', ['644', join(dataDir, 'audit-signing.key')]);
    await expect(startLocalProcess({}, dataDir)).rejects.toThrow(/audit-signing.key may be read by others/);
  } finally {
    removeDataDir(dataDir);
  }
});
