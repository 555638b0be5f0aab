import { expect, test } from 'vitest';
import { createAlertingWorld } from '../testing/alerting-world.ts';
import { expireSilence, InvalidSilenceError, listAlertingTenants, putSilence } from './alerting-state.ts';
import { decodeJob, encodeJob } from './notify-job.ts';

const CONFIG = 'route: {receiver: team}\nreceivers: [{name: team, test_configs: [{}]}]\n';

test('a silence is changed in place where it may be, otherwise it ends and a new one begins', async () => {
  const { state, clock } = createAlertingWorld(CONFIG);
  const nowMs = clock.nowMs();
  const given = {
    matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: true }],
    startsAtMs: nowMs - 5_000,
    endsAtMs: nowMs + 60_000,
    createdBy: 'me',
    comment: '',
  };
  const id = await putSilence(state, given, { clock });
  const stored = (await state.silences.get(id))!.value;
  expect(stored.startsAtMs).toBe(nowMs);
  expect(await putSilence(state, { ...stored, endsAtMs: nowMs + 90_000 }, { clock })).toBe(id);
  await clock.advance(1_000);
  const other = await putSilence(
    state,
    { ...stored, comment: 'x', matchers: [{ ...given.matchers[0]!, value: 'c' }] },
    { clock },
  );
  expect(other).not.toBe(id);
  expect((await state.silences.get(id))!.value.endsAtMs).toBe(clock.nowMs());
  await expect(expireSilence(state, id, { clock })).rejects.toThrow(`silence ${id} already expired`);
  await expect(expireSilence(state, 'none', { clock })).rejects.toThrow(InvalidSilenceError);
  await expect(putSilence(state, { ...given, id: 'none' }, { clock })).rejects.toThrow(
    'silence none not found',
  );
  await expect(putSilence(state, { ...given, matchers: [] }, { clock })).rejects.toThrow('silence invalid:');
});

test('tenants are known from their first alert on', async () => {
  const world = createAlertingWorld(CONFIG);
  expect(await listAlertingTenants(world.table)).toEqual([]);
  await world.fire({ alertname: 'A' });
  await world.fire({ alertname: 'B' });
  expect(await listAlertingTenants(world.table)).toEqual(['default']);
});

test('a job too large for the queue leaves alerts out, and none of the log', async () => {
  const alerts = Array.from({ length: 500 }, (_, index) => ({
    status: 'firing' as const,
    labels: { alertname: 'A', instance: String(index), text: 'x'.repeat(1_000) },
    annotations: {},
    startsAtMs: 0,
    endsAtMs: 0,
    generatorUrl: '',
    fingerprint: String(index),
  }));
  const firing = alerts.map(({ fingerprint }) => fingerprint);
  const job = {
    tenant: 'default',
    logKey: 'k',
    token: 't',
    sequence: 1,
    contentHash: 'h',
    deadlineMs: 0,
    repeatIntervalMs: 0,
    receiver: 'r',
    kind: 'test',
    index: 0,
    groupKey: 'g',
    groupLabels: {},
    alerts,
    firing,
    resolved: [],
  };
  const text = encodeJob(job);
  expect(text.length).toBeLessThanOrEqual(240_000);
  const decoded = decodeJob(text);
  expect(decoded.firing).toEqual(firing);
  expect(decoded.alerts.length).toBeGreaterThan(100);
  for (const broken of ['{}', '[]', 'null', '"x"'])
    expect(() => decodeJob(broken)).toThrow('not a notification job');
});

test('a text that cannot be expanded fails for good, and is tried anew at the next flush', async () => {
  const world = createAlertingWorld(CONFIG.replace('team}', 'team, group_wait: 1s, group_interval: 10s}'));
  world.receiver.answers.push({ status: 'permanent', reason: 'template: :1: nil pointer' });
  await world.fire({ alertname: 'A' });
  await world.run(5_000);
  const [entry] = await world.state.log.all();
  expect(entry!.value).toMatchObject({ lastError: 'template: :1: nil pointer', notifiedAtMs: 0 });
  expect(entry!.value).not.toHaveProperty('isUncertain');
  await world.run(10_000);
  expect(world.receiver.delivered).toHaveLength(1);
});
