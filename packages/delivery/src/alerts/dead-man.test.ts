import { decodeYaml } from '@sluice/config/decoder';
import { createLogger } from '@sluice/core/logger';
import { createSelfMetrics } from '@sluice/core/self-metrics';
import { createFakeClock } from '@sluice/core/testing/fake-clock';
import { describe, expect, test } from 'vitest';
import { createDeadMan, deadManDecoder } from './dead-man.ts';

const URL = 'https://hc.test/ping/s3cret';

function makePing(answers: readonly (number | Error)[] = []) {
  const clock = createFakeClock();
  const asked: string[] = [];
  const log: string[] = [];
  const selfMetrics = createSelfMetrics();
  let lastTickMs: number | undefined;
  const queue = [...answers];
  const ping = createDeadMan({
    settings: () => ({ url: URL, intervalMs: 60_000 }),
    lastTickMs: () => lastTickMs,
    fetch: async (input) => {
      asked.push(String(input));
      const answer = queue.shift() ?? 200;
      if (answer instanceof Error) throw answer;
      return new Response('', { status: answer });
    },
    clock,
    selfMetrics,
    logger: createLogger({ level: 'debug', write: (line) => void log.push(line), nowMs: clock.nowMs }),
  });
  const tick = (): void => {
    lastTickMs = clock.nowMs();
  };
  return { clock, asked, log, selfMetrics, ping, tick };
}

describe('the dead-man ping', () => {
  test('goes out once an interval while routing works', async () => {
    const { clock, asked, ping, tick } = makePing();
    for (let second = 0; second < 121; second++) {
      tick();
      await ping();
      await clock.advance(1_000);
    }
    expect(asked).toEqual([URL, URL, URL]);
  });

  test('stays away before the first tick, and when routing has stopped', async () => {
    const { clock, asked, ping, tick } = makePing();
    await ping();
    expect(asked).toEqual([]);
    tick();
    await clock.advance(61_000);
    await ping();
    expect(asked).toEqual([]);
    tick();
    await ping();
    expect(asked).toHaveLength(1);
  });

  test('that fails is told without its address, which is a secret', async () => {
    const { clock, log, selfMetrics, ping, tick } = makePing([500, new Error(`connect to ${URL} failed`)]);
    for (let turn = 0; turn < 3; turn++) {
      tick();
      await ping();
      await clock.advance(60_000);
    }
    expect(log).toHaveLength(2);
    expect(log.join()).not.toContain('s3cret');
    const metrics = await selfMetrics.render();
    for (const outcome of ['ok', 'refused', 'failed'])
      expect(metrics).toContain(`sluice_dead_man_pings_total{outcome="${outcome}"} 1`);
  });
});

describe('its settings', () => {
  const references = { env: { PING: URL }, secrets: new Map<string, string>() };
  const read = (source: string) => decodeYaml(source, deadManDecoder(references), { file: 'sluice.yml' });

  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: references are written like this
    ['{url: "${env:PING}"}', { url: URL, intervalMs: 60_000 }],
    ['{url: "http://a", interval: 5m}', { url: 'http://a', intervalMs: 300_000 }],
  ])('%s is read', (source, value) => {
    expect(read(source)).toEqual({ value, problems: [] });
  });

  test.each([
    ['{}', 'url is missing'],
    ['{url: "ftp://a"}', 'url must begin with http:// or https://'],
    ['{url: "http://a", interval: 100ms}', 'interval must be at least 1s'],
    ['{url: "http://a", every: 1m}', 'unknown key "every"'],
  ])('%s is refused: %s', (source, message) => {
    expect(
      read(source)
        .problems.map((problem) => problem.message)
        .join(),
    ).toContain(message);
  });
});
