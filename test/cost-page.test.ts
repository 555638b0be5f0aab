/** The tables of docs/cost.md are what the model says. `SLUICE_COUNT_COST=write` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOf, type Volumes } from '@sluice/cli/cost/cost-model';
import { perMillionSpans } from '@sluice/cli/cost/cost-report';
import { COUNTED } from '@sluice/cli/cost/counted-work';
import { addUsage, ITEM_IDS, ITEMS, usdOf } from '@sluice/cli/cost/items';
import { NO_VOLUMES, PLAIN_STAGE } from '@sluice/cli/testing/cost-volumes';
import { expect, test } from 'vitest';

const PAGE = join(import.meta.dirname, '../docs/cost.md');
const DAYS = 730 / 24;
const SIZES = [20, 100, 512];

function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function spansTable(): string {
  const volumes = [
    ['10 million', 1e7],
    ['100 million', 1e8],
    ['a billion', 1e9],
  ] as const;
  return [
    row('spans a day', ...SIZES.map((size) => `${size} a request`)),
    row('---', ...SIZES.map(() => '---')),
    ...volumes.map(([name, spansPerDay]) =>
      row(
        name,
        ...SIZES.map((spansPerRequest) =>
          perMillionSpans({ ...NO_VOLUMES, spansPerDay, spansPerRequest }, PLAIN_STAGE, COUNTED)!.toFixed(4),
        ),
      ),
    ),
  ].join('\n');
}

function linesTable(): string {
  const of = (spansPerRequest: number) => {
    const { sections } = billOf({ ...NO_VOLUMES, spansPerDay: 1e9, spansPerRequest }, PLAIN_STAGE, COUNTED);
    return addUsage(sections.traces, sections['span metrics']);
  };
  const usages = SIZES.map(of);
  return [
    row('what', ...SIZES.map((size) => `${size} a request`)),
    row('---', ...SIZES.map(() => '---')),
    ...ITEM_IDS.filter((id) => usages.some((usage) => (usage[id] ?? 0) > 0)).map((id) =>
      row(
        ITEMS[id].label,
        ...usages.map((usage) => (usdOf({ [id]: usage[id] ?? 0 }, 'us-east-1') / (1e3 * DAYS)).toFixed(4)),
      ),
    ),
  ].join('\n');
}

function signalsTable(): string {
  const only = (section: 'logs' | 'metrics' | 'series' | 'audit' | 'base', volumes: Partial<Volumes>) =>
    usdOf(billOf({ ...NO_VOLUMES, ...volumes }, PLAIN_STAGE, COUNTED).sections[section], 'us-east-1');
  const { logs } = COUNTED;
  const gigabyte = { logBytesPerDay: 1e9, logRecordsPerDay: 1e9 / (logs.rawBytes / logs.records) };
  return [
    row('what', 'US dollars'),
    row('---', '---'),
    row('a GB of log records, to Loki and CloudWatch Logs', (only('logs', gigabyte) / DAYS).toFixed(2)),
    row('a million points', (only('metrics', { pointsPerDay: 1e7 }) / (10 * DAYS)).toFixed(4)),
    row('10,000 active series, a month', only('series', { series: 10_000 }).toFixed(2)),
    row('a million audit events', (only('audit', { auditEventsPerDay: 1e5 }) / (0.1 * DAYS)).toFixed(2)),
    row('nothing at all, a month', only('base', {}).toFixed(2)),
  ].join('\n');
}

test('the tables of the page are what the model says', () => {
  const page = readFileSync(PAGE, 'utf8');
  const tables = { spans: spansTable(), lines: linesTable(), signals: signalsTable() };
  const anew = Object.entries(tables).reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- table: ${name} -->\n)[^]*?(<!-- end -->)`),
        (_all, before: string, after: string) => `${before}${table}\n${after}`,
      ),
    page,
  );
  if (process.env.SLUICE_COUNT_COST === 'write') writeFileSync(PAGE, anew);
  expect(readFileSync(PAGE, 'utf8')).toBe(anew);
  for (const table of Object.values(tables)) expect(anew).toContain(table);
});
