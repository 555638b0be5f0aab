import { describe, expect, test } from 'vitest';
import { run } from '../run.ts';
import { createFakeIo } from '../testing/fake-io.ts';
import { formatQuantity } from './parse-quantity.ts';

async function cost(...args: readonly string[]) {
  const io = createFakeIo();
  const code = await run(['cost', ...args], io);
  return { code, out: io.out(), err: io.err() };
}
async function document(...args: readonly string[]) {
  const { code, out } = await cost(...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(out);
}

describe('sluice cost', () => {
  test('shows sections, lines of the bill, a comparison and a plot', async () => {
    const { code, out } = await cost();
    expect(code).toBe(0);
    for (const text of [
      'span metrics',
      'SQS requests of 64 KB',
      'per million spans',
      'Collectors on Fargate',
    ])
      expect(out).toContain(text);
    expect(out).toMatch(/█/);
    expect(out.split('\n').filter((line) => line.length > 110)).toEqual([]);
    expect(out).toMatch(/Break-even at [\d.]+k? times these volumes|from a thousandth to a thousand times/);
  });

  test('takes volumes with their suffixes; what is not given is 0', async () => {
    const { volumes, sections } = await document('--spans-per-day', '2.5G', '--spans-per-request', '512');
    expect(volumes).toMatchObject({ spansPerDay: 2.5e9, spansPerRequest: 512, logBytesPerDay: 0, series: 0 });
    expect(sections.find(({ name }: { name: string }) => name === 'logs').usd).toBe(0);
  });

  test('logs are told by size, by records, or by both', async () => {
    const bySize = (await document('--logs-gb-per-day', '2')).volumes;
    const byRecords = (await document('--log-records-per-day', String(bySize.logRecordsPerDay.toFixed(0))))
      .volumes;
    expect(byRecords.logBytesPerDay / bySize.logBytesPerDay).toBeCloseTo(1, 4);
    const both = (await document('--logs-gb-per-day', '1', '--log-records-per-day', '1M')).volumes;
    expect(both).toMatchObject({ logBytesPerDay: 1e9, logRecordsPerDay: 1e6 });
  });

  test('lines add up to sections, and sections to the whole', async () => {
    const { sections, usd } = await document('--spans-per-day', '50M', '--series', '20k', '--edge', 'cdn');
    const sum = (values: readonly { usd: number }[]) => values.reduce((all, own) => all + own.usd, 0);
    expect(sum(sections)).toBeCloseTo(usd);
    for (const section of sections) expect(sum(section.lines)).toBeCloseTo(section.usd);
  });

  test('tells when a price of the region was not found', async () => {
    const { out } = await cost('--region', 'eu-central-1', '--edge', 'http-api', '--spans-per-day', '1M');
    expect(out).toContain(
      'Not found for eu-central-1, and so the price of us-east-1: API Gateway requests, load balancer',
    );
    expect((await cost('--edge', 'cdn')).out).toContain('What CloudFront asks for bytes');
  });

  test('the free tier lowers the whole, not what sections cause', async () => {
    const [dear, cheap] = [await document(), await document('--free-tier')];
    expect(cheap.usd).toBeLessThan(dear.usd);
    expect(cheap.sections).toEqual(dear.sections);
    expect((await cost('--free-tier')).out).toContain('beyond the free tier');
  });

  test('shows prices with their sources', async () => {
    expect((await cost('--prices')).out).toMatch(/dynamoWriteUnit.*6\.25e-7.*AmazonDynamoDB.*2026/);
    expect((await document('--prices')).prices.lambdaRequest.usd).toHaveLength(3);
  });

  test.each([
    [['--spans-per-day', 'many'], '--spans-per-day "many" is not a quantity: a number, with k, M, G or T'],
    [['--spans-per-day', '10m'], '"10m" is not a quantity'],
    [['--spans-per-request', '0'], '--spans-per-request 0 is out of range: a number from 1 to 512'],
    [['--spans-per-request', '1k'], 'out of range: a number from 1 to 512'],
    [['--tenants', '1.5'], '--tenants 1.5 is out of range: a whole number from 1 to 1M'],
    [['--edge', 'alb'], '--edge "alb" is not one of url, http-api, cdn'],
    [['--region', 'mars-1'], '--region "mars-1" is not one of us-east-1, eu-west-1, eu-central-1'],
    [['--logs-gb-per-day', '0', '--log-records-per-day', '5'], 'leave out one of them'],
    [['--spans'], 'did you mean --'],
  ])('%j is refused', async (args, message) => {
    const { code, err } = await cost(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  test('parts of the collectors add up to what they cost', async () => {
    const { out } = await cost('--spans-per-day', '200M', '--logs-gb-per-day', '3', '--free-tier');
    const [whole, parts] = out.slice(out.indexOf(' OpenTelemetry Collectors')).split('\n');
    const usd = Number(/USD ([\d.,]+) a month for \d+ OpenTelemetry/.exec(out)![1]!.replaceAll(',', ''));
    const sum = [...parts!.matchAll(/ ([\d,]+\.\d\d)/g)]
      .map((match) => Number(match[1]!.replaceAll(',', '')))
      .reduce((all, own) => all + own, 0);
    expect(whole).toMatch(/behind a load balancer:$/);
    expect(sum).toBeCloseTo(usd, 0);
  });

  test('nothing is a volume, too', async () => {
    const { code, out } = await cost('--spans-per-day', '0');
    expect(code).toBe(0);
    expect(out).toContain('nothing; 1 tenant');
    expect(out).not.toContain('per million spans');
  });
});

test.each([
  [0, '0'],
  [0.0234, '0.0234'],
  [999, '999'],
  [12_500, '12.5k'],
  [10e6, '10M'],
  [2.5e9, '2.5G'],
  [1.2345e12, '1.23T'],
])('%d is written %s', (value, text) => {
  expect(formatQuantity(value)).toBe(text);
});
