import { openAlertingState } from '@sluice/alerting/notify/alerting-state';
import { decodeEnvelope } from '@sluice/core/envelope';
import { inflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import { silentLogger } from '@sluice/core/logger';
import type { OutgoingMessage } from '@sluice/core/ports/queue';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { noteActiveShard } from '@sluice/metrics/collect/active-shards';
import { decodeMetrics } from '@sluice/otlp/decode-metrics';
import { createEmbeddedTable } from '@sluice/platform/embedded/table';
import { createMemoryDatabase } from '@sluice/platform/testing/memory-database';
import { toLabels } from '@sluice/promql/model/labels';
import { createRuleWorld, WORLD_START_MS } from '@sluice/rules/testing/rule-world';
import { describe, expect, test } from 'vitest';
import { createDataReadiness } from './data-readiness.ts';
import { createEvaluateRules } from './evaluate-rules.ts';
import { createMimirEngine, createMimirEngines, toQueryUrl } from './mimir-engine.ts';
import { createRecordedSeriesSender } from './recorded-series-sender.ts';
import { reportAlerts } from './report-alerts.ts';
import { createRuleSetWatch, NO_RULES, readRuleSet } from './rule-set.ts';

const HOUR_MS = 3_600_000;
const openTable = (clock = createFakeClock()) =>
  createEmbeddedTable({ database: createMemoryDatabase(), name: 'any', clock });

function folderOf(files: Record<string, string>) {
  return {
    read: (path: string) => files[path],
    glob: (pattern: string) =>
      Object.keys(files).filter((path) => path.startsWith('rules/') && path.endsWith(pattern.slice(-4))),
    signature: () => JSON.stringify(files),
    reset() {},
  };
}

describe('recorded series', () => {
  const sender = () => {
    const sent: OutgoingMessage[] = [];
    const queue = {
      name: 'metrics',
      async send(messages: readonly OutgoingMessage[]) {
        sent.push(...messages);
        return messages.map(() => ({ status: 'ok', messageId: 'x' }) as const);
      },
    };
    return { sent, sink: createRecordedSeriesSender(queue) };
  };
  const batch = {
    tenant: 'default',
    group: 'r.yml;g',
    evaluatedAtMs: 60_000,
    timeMs: 30_000,
    samples: [
      { labels: toLabels({ __name__: 'a', job: 'x' }), value: 1.5 },
      { labels: toLabels({ __name__: 'b', job: 'x' }), value: 2 },
      { labels: toLabels({ __name__: 'a', job: 'y' }), value: Number.NaN },
    ],
    stale: [toLabels({ __name__: 'a', job: 'z' })],
  };

  test('are gauges that keep their names and labels; those that end say so', async () => {
    const { sent, sink } = sender();
    await sink.record(batch);
    const envelope = decodeEnvelope(sent[0]!);
    expect(envelope).toMatchObject({ signal: 'metrics', tenant: 'default', items: 4, receivedAtMs: 60_000 });
    const [resourceMetrics] = decodeMetrics(await inflateGzip(envelope.gzip));
    const metrics = resourceMetrics!.scopes[0]!.metrics;
    const shown = metrics.flatMap(({ name, data }) =>
      data.type === 'gauge'
        ? data.points.map(({ attributes, value, flags, timeUnixNano }) => [
            name,
            attributes
              .map(({ key, value: text }) => `${key}=${text.type === 'string' ? text.value : '?'}`)
              .join(),
            value.type === 'double' ? value.value : undefined,
            flags,
            timeUnixNano,
          ])
        : [],
    );
    expect(shown).toEqual([
      ['a', 'job=x', 1.5, 0, 30_000_000_000n],
      ['a', 'job=y', Number.NaN, 0, 30_000_000_000n],
      ['a', 'job=z', undefined, 1, 30_000_000_000n],
      ['b', 'job=x', 2, 0, 30_000_000_000n],
    ]);
  });

  test('have one id for one evaluation of a group, whatever they hold', async () => {
    const { sent, sink } = sender();
    await sink.record(batch);
    await sink.record({ ...batch, samples: batch.samples.slice(1) });
    await sink.record({ ...batch, evaluatedAtMs: 61_000 });
    await sink.record({ ...batch, tenant: 'other' });
    await sink.record({ ...batch, samples: [], stale: [] });
    const ids = sent.map((message) => decodeEnvelope(message).id);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
  });

  test('many go in parts with ids of their own; a queue that refuses is told of', async () => {
    const { sent, sink } = sender();
    const samples = Array.from({ length: 11_000 }, (_, i) => ({
      labels: toLabels({ __name__: 'a', i: `${i}` }),
      value: i,
    }));
    await sink.record({ ...batch, samples });
    expect(sent.map((message) => decodeEnvelope(message).items)).toEqual([5_000, 5_000, 1_001]);
    expect(new Set(sent.map((message) => decodeEnvelope(message).id)).size).toBe(3);
    const refusing = createRecordedSeriesSender({
      name: 'metrics',
      send: async () => [{ status: 'retryable', reason: 'throttled' }],
    });
    await expect(refusing.record(batch)).rejects.toThrow(
      'the queue metrics did not take recorded series: throttled',
    );
  });
});

describe('how far data is complete', () => {
  const NOW_MS = WORLD_START_MS + 10 * HOUR_MS;
  const through = async (ticks: Record<number, readonly number[]>, oldestAgeMs = 0): Promise<number> => {
    const table = openTable(createFakeClock(NOW_MS));
    for (const shard of Object.keys(ticks))
      await noteActiveShard(table, { tenant: 't', shard: Number(shard) }, NOW_MS);
    const readiness = createDataReadiness({
      table,
      snapshots: { ticks: async ({ shard }) => ticks[shard] ?? [] },
      settings: { tickMs: 15_000, publishForMs: HOUR_MS },
      tenant: 't',
      queue: { stats: async () => ({ visible: 0, inFlight: 0, delayed: 0, oldestAgeMs }) },
      maxWaitMs: 120_000,
    });
    return (await readiness(NOW_MS)) - NOW_MS;
  };

  test('without data it is now', async () => {
    expect(await through({})).toBe(0);
    expect(await through({ 1: [] })).toBe(0);
  });
  test('the slowest shard decides', async () => {
    expect(await through({ 1: [NOW_MS - 30_000, NOW_MS - 15_000], 2: [NOW_MS - 45_000] })).toBe(-45_000);
  });
  test('a shard that has nothing to publish any more does not', async () => {
    expect(await through({ 1: [NOW_MS - HOUR_MS - 31_000], 2: [NOW_MS] })).toBe(0);
    expect(await through({ 1: [NOW_MS - HOUR_MS] })).toBe(-HOUR_MS);
  });
  test('a message that waits holds everything back', async () => {
    expect(await through({ 1: [NOW_MS] }, 120_000)).toBe(0);
    expect(await through({ 1: [NOW_MS] }, 121_000)).toBe(-121_000);
  });
});

describe('Mimir in place of our engine', () => {
  test.each([
    ['https://mimir.example', 'https://mimir.example/prometheus/api/v1/query'],
    ['https://mimir.example/api/v1/push', 'https://mimir.example/prometheus/api/v1/query'],
    ['https://x.grafana.net/api/prom/push', 'https://x.grafana.net/api/prom/api/v1/query'],
    ['https://x.grafana.net/api/prom', 'https://x.grafana.net/api/prom/api/v1/query'],
    ['http://localhost:9009/prometheus', 'http://localhost:9009/prometheus/api/v1/query'],
  ])('%s is asked at %s', (url, expected) => {
    expect(toQueryUrl(url)).toBe(expected);
  });

  const ask = (answer: unknown, status = 200) => {
    const requests: Request[] = [];
    const engine = createMimirEngine({
      url: 'https://mimir.example',
      auth: 'user:secret',
      timeoutMs: 1_000,
      fetch: async (input, init) => {
        requests.push(new Request(input as string, init));
        if (answer instanceof Error) throw answer;
        return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status });
      },
    });
    return { requests, result: engine.instant('up == 1', { reader: undefined as never, timeMs: 1_500 }) };
  };

  test('vectors and scalars are read', async () => {
    const { requests, result } = ask({
      status: 'success',
      data: {
        resultType: 'vector',
        result: [
          { metric: { job: 'a' }, value: [1.5, '+Inf'] },
          { metric: { job: 'b' }, histogram: [1.5, {}] },
        ],
      },
    });
    expect((await result).value).toEqual({
      type: 'vector',
      samples: [{ labels: [{ name: 'job', value: 'a' }], timeMs: 1_500, value: Number.POSITIVE_INFINITY }],
    });
    expect(requests[0]!.headers.get('authorization')).toBe(`Basic ${btoa('user:secret')}`);
    expect(await requests[0]!.text()).toBe('query=up+%3D%3D+1&time=1.500');
    const scalar = ask({ status: 'success', data: { resultType: 'scalar', result: [1, '-Inf'] } });
    expect((await scalar.result).value).toMatchObject({ type: 'scalar', value: Number.NEGATIVE_INFINITY });
  });

  test.each([
    ['org-id', 'acme'],
    ['shared', null],
    ['label', null],
  ] as const)(
    'where tenants are told apart by %s, the tenant that is asked for is %s',
    async (tenancy, asked) => {
      const tenants: (string | null)[] = [];
      const engines = createMimirEngines({ url: 'https://mimir.example', tenancy }, async (input, init) => {
        tenants.push(new Request(input as string, init).headers.get('x-scope-orgid'));
        return Response.json({ status: 'success', data: { resultType: 'scalar', result: [1, '1'] } });
      });
      await engines(parseTenantId('acme')).instant('1', { reader: undefined as never, timeMs: 1_500 });
      expect(tenants).toEqual([asked]);
    },
  );

  test.each([
    [{ status: 'error', error: 'too many series' }, 422, 'Mimir: too many series'],
    ['<html>', 502, 'Mimir: HTTP 502'],
    [{ status: 'success', data: { resultType: 'matrix', result: [] } }, 200, 'Mimir answered a matrix'],
    [new Error('connect ECONNREFUSED'), 0, 'Mimir did not answer: connect ECONNREFUSED'],
  ])('%j is an error', async (answer, status, message) => {
    await expect(ask(answer, status).result).rejects.toThrow(message);
  });
});

describe('rules of a folder', () => {
  test('tests beside them are no rules; settings come from sluice.yml', () => {
    const { value, problems } = readRuleSet(
      folderOf({
        'rules/a.yml': 'groups: [{ name: a }]',
        'rules/a_test.yml': 'rule_files: [a.yml]',
        'rules/b.yaml': 'groups: [{ name: b }]',
        'sluice.yml': 'rules: { evaluation_interval: 15s }',
      }),
      [{ file: 'slo/x.yml', source: 'groups: [{ name: c }]' }],
    );
    expect(problems).toEqual([]);
    expect(value!.files.map(({ file }) => file)).toEqual(['rules/a.yml', 'rules/b.yaml', 'slo/x.yml']);
    expect(value!.settings.evaluationIntervalMs).toBe(15_000);
  });

  test('a change is taken over, a mistake leaves the rules as they were', () => {
    const files: Record<string, string> = { 'rules/a.yml': 'groups: [{ name: a }]' };
    const told: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void told.push(message) };
    const watch = createRuleSetWatch(folderOf(files), { logger });
    expect([watch.refresh(), watch.refresh()]).toEqual([true, false]);
    files['rules/a.yml'] = 'groups: [{ nam: a }]';
    expect(watch.refresh()).toBe(false);
    expect(watch.current().files[0]!.groups[0]!.name).toBe('a');
    expect(watch.problems()).toHaveLength(2);
    expect(told).toEqual([
      'a rule file is wrong',
      'a rule file is wrong',
      'the rules stay as they were until the files are right',
    ]);
    files['rules/a.yml'] = 'groups: [{ name: b }]';
    expect(watch.refresh()).toBe(true);
    expect(watch.problems()).toEqual([]);
    expect(createRuleSetWatch(undefined, { logger }).refresh()).toBe(false);
  });
});

describe('the job that evaluates', () => {
  const job = (files: Record<string, string>) => {
    const world = createRuleWorld('groups: []');
    const alerts = openTable(world.clock);
    const { engine, reader } = world.deps.sourceOf(undefined as never);
    const selfMetrics = createSelfMetrics();
    let lagMs = 0;
    const setLag = (ms: number): void => {
      lagMs = ms;
    };
    const run = createEvaluateRules({
      rules: createRuleSetWatch(folderOf(files), { logger: silentLogger }),
      table: world.table,
      clock: world.clock,
      engine,
      readerOf: () => reader,
      readinessOf: () => async (nowMs) => nowMs - lagMs,
      report: (tenant, reported) => reportAlerts(openAlertingState(alerts, tenant), reported, world),
      recorded: world.deps.recorded,
      externalUrl: () => 'http://here',
      selfMetrics,
      logger: silentLogger,
    });
    const kept = async (tenant = 'default') =>
      (await openAlertingState(alerts, tenant).alerts.all()).map(({ value }) => value);
    return { world, run, kept, selfMetrics, setLag };
  };

  test('posts alerts without a time-out, and ends them', async () => {
    const { world, run, kept, selfMetrics } = job({
      'rules/a.yml':
        'groups: [{ name: g, interval: 5s, rules: [{ alert: A, expr: x > 1 }, { alert: B, expr: "x * y" }] }]',
    });
    world.write('x', 5);
    world.write('y{a="1"}', 5);
    await run();
    expect(await kept()).toMatchObject([
      {
        labels: { alertname: 'A' },
        isTimeout: false,
        generatorUrl: 'http://here/graph?g0.expr=x+%3E+1&g0.tab=1',
      },
    ]);
    expect((await kept())[0]!.endsAtMs).toBeGreaterThan(Date.UTC(9_000, 0, 1));
    world.clock.set(WORLD_START_MS + 5_000);
    world.write('x', 0);
    await run();
    expect(await kept()).toMatchObject([{ endsAtMs: WORLD_START_MS + 5_000 }]);
    const metrics = await selfMetrics.render();
    expect(metrics).toContain(
      'sluice_rule_evaluations_total{tenant="default",rule_group="rules/a.yml;g",outcome="evaluated"} 2',
    );
  });

  test('a group that is gone ends its alerts; tenants are evaluated apart', async () => {
    const files: Record<string, string> = {
      'rules/a.yml': 'groups: [{ name: g, rules: [{ alert: A, expr: x > 1 }] }]',
      'sluice.yml': 'rules: { tenants: [a, b], external_url: "http://there" }',
    };
    const { world, run, kept } = job(files);
    world.write('x', 5);
    await run();
    expect([(await kept('a')).length, (await kept('b')).length, (await kept()).length]).toEqual([1, 1, 0]);
    expect((await kept('a'))[0]!.generatorUrl).toMatch(/^http:\/\/there\//);
    files['sluice.yml'] = 'rules: { tenants: [b] }';
    world.clock.set(WORLD_START_MS + 1_000);
    await run();
    expect((await kept('a'))[0]!.endsAtMs).toBe(WORLD_START_MS + 1_000);
    expect((await kept('b'))[0]!.endsAtMs).toBeGreaterThan(WORLD_START_MS + HOUR_MS);
  });

  test('while data lags, alerts stay and the lag is one', async () => {
    const { world, run, kept, setLag } = job({
      'rules/a.yml': 'groups: [{ name: g, interval: 5s, rules: [{ alert: A, expr: x > 1 }] }]',
    });
    world.write('x', 5);
    await run();
    setLag(121_000);
    world.clock.set(WORLD_START_MS + 125_000);
    world.write('x', 0);
    await run();
    const names = async () =>
      (await kept())
        .filter(({ endsAtMs }) => endsAtMs > world.clock.nowMs())
        .map(({ labels }) => labels.alertname);
    expect((await names()).sort()).toEqual(['A', 'SluiceLagging']);
    setLag(0);
    await run();
    expect(await names()).toEqual([]);
  });

  test('a group for Mimir says so when there is none', async () => {
    const { world, run } = job({
      'rules/a.yml': 'groups: [{ name: cold-1, rules: [{ record: "a:b", expr: x }] }]',
      'sluice.yml': 'rules: { mimir_groups: ["cold-*"] }',
    });
    world.write('x', 5);
    await run();
    expect(world.recorded).toEqual([]);
  });

  test('a fault of one tenant leaves the others alone', async () => {
    const clock = createFakeClock(WORLD_START_MS);
    const told: string[] = [];
    const run = createEvaluateRules({
      rules: {
        current: () => ({
          ...NO_RULES,
          settings: { ...NO_RULES.settings, tenants: ['a', 'b'].map(parseTenantId) },
        }),
        problems: () => [],
        refresh: () => false,
      },
      table: openTable(clock),
      clock,
      engine: { instant: () => Promise.reject(new Error('unused')) },
      readerOf: () => undefined as never,
      readinessOf: (tenant) => async (nowMs) => {
        if (tenant === 'a') throw new Error('no table');
        return nowMs;
      },
      report: async () => undefined,
      recorded: { record: async () => undefined },
      selfMetrics: createSelfMetrics(),
      logger: { ...silentLogger, error: (message, fields) => void told.push(`${message} ${fields?.tenant}`) },
    });
    await run();
    expect(told).toEqual(['rules could not be evaluated; the next tick tries again a']);
  });
});
