import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { type ScriptedServer, startServer } from '../testing/scripted-server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../testing/temporary-folder.ts';

const ALERT = {
  labels: { alertname: 'Down', severity: 'critical', text: 'a\u001b[2Jb' },
  annotations: { summary: 'it is down' },
  startsAt: '2026-01-01T00:00:00.000Z',
  receivers: [{ name: 'pager' }],
  status: { state: 'active', silencedBy: [], inhibitedBy: [] },
};
const SILENCE = {
  id: '11111111-1111-4111-8111-111111111111',
  status: { state: 'active' },
  matchers: [{ name: 'alertname', value: 'D.+', isRegex: true, isEqual: false }],
  startsAt: '2026-01-01T00:00:00.000Z',
  endsAt: '2026-01-01T02:00:00.000Z',
  createdBy: 'me',
  comment: 'why',
};

let folder: TemporaryFolder;
let server: ScriptedServer;
let alerts: readonly unknown[];
let silences: readonly unknown[];
beforeEach(async () => {
  alerts = [ALERT];
  silences = [SILENCE, { ...SILENCE, id: 'old', status: { state: 'expired' } }];
  folder = await createTemporaryFolder();
  server = await startServer(({ method, path }) => {
    if (path.startsWith('/hook')) return path.endsWith('/refuse') ? { status: 400, body: 'no' } : {};
    const [name = ''] = path.replace('/alertmanager/api/v2/', '').split('?');
    if (method === 'GET' && name === 'alerts') return { body: JSON.stringify(alerts) };
    if (method === 'GET') return { body: JSON.stringify(silences) };
    if (method === 'POST') return { body: '{"silenceID":"22222222-2222-4222-8222-222222222222"}' };
    if (name === 'silence/locked') return { status: 403 };
    if (name === 'silence/old') return { status: 500, body: '"silence old already expired"' };
    if (name === 'silence/x') return { status: 422, body: '{"code":601,"message":"must be of type uuid"}' };
    return {};
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function sluice(...args: string[]) {
  const io = createFakeIo({
    env: { SLUICE_API_URL: server.url, SLUICE_CONFIG_DIR: folder.path, SLUICE_KEY: 'slk_x', USER: 'ada' },
    cwd: folder.path,
  });
  const code = await run(args, io);
  return { code, out: io.out(), err: io.err() };
}

const asked = () =>
  server.asked.map(({ method, path }) => `${method} ${path.replace('/alertmanager/api/v2', '')}`);
const sent = (index = 0) => JSON.parse(Buffer.from(server.asked[index]!.body).toString()) as unknown;

describe('alerts list', () => {
  test('shows what fires, with nothing that moves the cursor', async () => {
    const { code, out } = await sluice('alerts', 'list');
    expect(code).toBe(0);
    expect(out).toContain('Down');
    expect(out).toContain('pager');
    expect(out).toContain('severity=critical text=a\\x1b[2Jb');
    expect(out).not.toContain('\u001b');
    expect(server.asked[0]!.headers.authorization).toBe('Bearer slk_x');
  });

  test('asks for what is wanted', async () => {
    await sluice('alerts', 'list', 'severity="critical"', 'a=~b', '--active', '--receiver', 'pager');
    expect(asked()).toEqual([
      'GET /alerts?filter=severity%3D%22critical%22&filter=a%3D%7Eb&silenced=false&inhibited=false&receiver=pager',
    ]);
  });

  test.each([
    [[], 'active'],
    [{ silencedBy: ['x'], inhibitedBy: [] }, 'silenced'],
    [{ silencedBy: [], inhibitedBy: ['x'] }, 'inhibited'],
  ])('tells that an alert with %j is %s', async (status, shown) => {
    alerts = [{ ...ALERT, status: { ...ALERT.status, ...status } }];
    expect((await sluice('alerts', 'list')).out).toContain(shown);
  });

  test('says so when nothing fires, and prints JSON when asked', async () => {
    alerts = [];
    expect((await sluice('alerts', 'list')).out).toBe('no alert fires\n');
    expect((await sluice('alerts', 'list', '--json')).out).toBe('[]\n');
  });

  test('refuses what is no matcher', async () => {
    expect(await sluice('alerts', 'list', 'nonsense')).toMatchObject({ code: 2 });
  });
});

describe('silence', () => {
  test('add makes one', async () => {
    const { code, out } = await sluice(
      'silence',
      'add',
      'alertname=Down',
      'x!~"a|b"',
      '--for',
      '30m',
      '-c',
      'why',
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /^22222222-2222-4222-8222-222222222222\n\{alertname="Down",x!~"a\|b"\} is silenced until /,
    );
    const body = sent() as { startsAt: string; endsAt: string };
    expect(body).toMatchObject({
      createdBy: 'ada',
      comment: 'why',
      matchers: [
        { name: 'alertname', value: 'Down', isRegex: false, isEqual: true },
        { name: 'x', value: 'a|b', isRegex: true, isEqual: false },
      ],
    });
    expect(Date.parse(body.endsAt) - Date.parse(body.startsAt)).toBe(1_800_000);
  });

  test('add takes a start and a name, and answers JSON', async () => {
    const { out } = await sluice(
      'silence',
      'add',
      'a=b',
      '--start',
      '2030-01-01T00:00:00Z',
      '--by',
      'bob',
      '--json',
    );
    expect(JSON.parse(out)).toEqual({ silenceID: '22222222-2222-4222-8222-222222222222' });
    expect(sent()).toMatchObject({
      createdBy: 'bob',
      startsAt: '2030-01-01T00:00:00.000Z',
      endsAt: '2030-01-01T02:00:00.000Z',
    });
  });

  test('list shows those in force, all with --expired', async () => {
    const { out } = await sluice('silence', 'list');
    expect(out).toContain('{alertname!~"D.+"}');
    expect(out).not.toContain('old');
    expect((await sluice('silence', 'list', '--expired')).out).toContain('old');
    expect(JSON.parse((await sluice('silence', 'list', '--json')).out)).toHaveLength(1);
    silences = [];
    expect((await sluice('silence', 'list', 'a=b')).out).toBe('there are no silences\n');
  });

  test('expire ends them', async () => {
    expect((await sluice('silence', 'expire', 'a', 'b')).out).toBe(
      'silence a has ended\nsilence b has ended\n',
    );
    expect(JSON.parse((await sluice('silence', 'expire', 'a', '--json')).out)).toEqual({ expired: ['a'] });
    expect(asked().slice(0, 2)).toEqual(['DELETE /silence/a', 'DELETE /silence/b']);
  });

  test.each([
    [['expire', 'old'], 'already expired'],
    [['expire', 'x'], 'must be of type uuid'],
    [['expire', 'locked'], 'put one with the scope alerts:write into SLUICE_KEY'],
    [['add', 'a=b', '--for', 'long'], '--for "long" is not a duration'],
    [['add', 'a=b', '--start', 'noon'], '--start "noon" is no RFC 3339 time'],
    [['list', '--url', 'http://127.0.0.1:1'], 'no pipeline answers at http://127.0.0.1:1/api/v2'],
  ])('%j is answered: %s', async (args, message) => {
    const { code, err } = await sluice('silence', ...args);
    expect(code).not.toBe(0);
    expect(err).toContain(message);
  });
});

describe('routes and receivers', () => {
  const writeConfig = () =>
    folder.write(
      'alertmanager.yml',
      `
route:
  receiver: hook
  group_by: [alertname]
  routes:
  - {matchers: [severity="critical"], receiver: pager, continue: true, group_by: ['...']}
  - {matchers: [team="db"], active_time_intervals: [office], mute_time_intervals: [office], group_by: [team]}
receivers:
- name: hook
  webhook_configs: [{url: "${server.url}/hook/t0ken"}, {url: "${server.url}/hook/t0ken/refuse"}]
- name: pager
  pagerduty_configs: [{routing_key: "\${secret:pager}"}]
  email_configs: [{to: a@x.test, from: b@x.test, smarthost: "127.0.0.1:1"}]
- name: nobody
time_intervals: [{name: office, time_intervals: [{weekdays: ["monday:friday"]}]}]
`,
    );
  beforeEach(async () => {
    await writeConfig();
    await folder.write('.sluice/secrets.json', '{"pager": "k3y"}');
  });

  test('routes show draws the tree', async () => {
    expect((await sluice('routes', 'show')).out).toBe(
      [
        'default-route  → hook  by alertname · wait 30s, interval 5m, repeat 4h',
        '├── {severity="critical"}  → pager  by all labels · wait 30s, interval 5m, repeat 4h · continues',
        '└── {team="db"}  → hook  by team · wait 30s, interval 5m, repeat 4h · muted in office · active in office',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await sluice('routes', 'show', '--json')).out)).toMatchObject({
      receiver: 'hook',
      routes: [{ group_by: ['...'], continue: true }, { repeat_interval: '4h' }],
    });
  });

  test('routes test tells who is told, and whether that is who should be', async () => {
    const { code, out } = await sluice(
      'routes',
      'test',
      'severity=critical',
      'team="db"',
      '--expect',
      'pager, hook',
    );
    expect(code).toBe(0);
    expect(out).toContain('  group {}/{severity="critical"}:{severity="critical", team="db"}\n');
    expect(out).toContain('  group {}/{team="db"}:{team="db"}\n');
    const wrong = await sluice('routes', 'test', 'a=b', '--expect', 'pager');
    expect(wrong).toMatchObject({ code: 1, err: 'expected pager, got hook\n' });
    expect(
      JSON.parse((await sluice('routes', 'test', 'a=b', '--expect', 'pager', '--json')).out),
    ).toMatchObject({
      receivers: ['hook'],
      ok: false,
    });
    expect((await sluice('routes', 'test', 'nonsense')).code).toBe(2);
  });

  test('alerts test sends to every integration and tells what each said', async () => {
    const { code, out } = await sluice('alerts', 'test', 'hook', 'service=checkout', '--summary', 'hello');
    expect(code).toBe(1);
    expect(out).toBe('webhook[0]  ok\nwebhook[1]  permanent  status 400: no\n');
    expect(sent()).toMatchObject({
      status: 'firing',
      commonLabels: { alertname: 'TestAlert', service: 'checkout' },
      commonAnnotations: { summary: 'hello' },
    });
  });

  test('with --dry-run it shows what would be sent, without secrets, and sends nothing', async () => {
    const { code, out } = await sluice('alerts', 'test', 'pager', '--resolved', '--dry-run', '--json');
    expect(code).toBe(0);
    expect(out).not.toContain('k3y');
    const [pagerduty, email] = JSON.parse(out) as { integration: string; wouldSend: unknown }[];
    expect(pagerduty).toMatchObject({
      integration: 'pagerduty[0]',
      wouldSend: [
        {
          to: 'https://events.pagerduty.com/<redacted>',
          body: {
            routing_key: '<secret>',
            event_action: 'resolve',
            dedup_key: createHash('sha256').update('{}:{alertname="TestAlert"}').digest('hex'),
          },
        },
      ],
    });
    expect(email).toMatchObject({
      integration: 'email[0]',
      wouldSend: { subject: '[RESOLVED] TestAlert (info)' },
    });
    expect(server.asked).toEqual([]);
    expect((await sluice('alerts', 'test', 'hook', '--dry-run')).out).toContain('webhook[0]  would send\n');
  });

  test('a receiver without integrations tells nobody; one that is not there is an error', async () => {
    expect((await sluice('alerts', 'test', 'nobody')).out).toContain('it tells nobody');
    expect((await sluice('alerts', 'test', 'none')).err).toContain('there are hook, pager, nobody');
  });

  test('what is wrong with the file is told at once, and that there is none', async () => {
    await folder.write('alertmanager.yml', 'route: {receiver: x, foo: 1}\nreceivers: []\n');
    const { code, err } = await sluice('routes', 'show');
    expect(code).toBe(1);
    expect(err).toContain('unknown key "foo"');
    expect(err).toContain('undefined receiver "x" used in route');
    const none = await sluice('routes', 'show', '--config-dir', 'elsewhere');
    expect(none.err).toContain('there is no alertmanager.yml in');
  });
});
