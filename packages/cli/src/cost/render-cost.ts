/** The report of costs as people read it. */
import { PRICE_SOURCES, PRICES, priceOrUsEast, REGIONS } from '@sluice/core/cloud-prices';
import type { Style } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { PEAK_FACTOR } from './collector-on-fargate.ts';
import { SECTIONS, type Volumes } from './cost-model.ts';
import type { CostReport } from './cost-report.ts';
import { addUsage, borrowedPrices, ITEM_IDS, ITEMS, type ItemId, usdOf, withoutFree } from './items.ts';
import { formatQuantity } from './parse-quantity.ts';

const BAR_CELLS = 32;
const TEXT_COLUMNS = 100;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export function renderCost(report: CostReport, { style }: { readonly style: Style }): string {
  return [
    `${style.bold('Volumes')}\n${wrap(describeVolumes(report.volumes)).join('\n')}\n`,
    sections(report, style),
    items(report, style),
    summary(report, style),
    plot(report, style),
    downstream(report, style),
    notes(report, style),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

export function renderPrices(style: Style): string {
  const rows = Object.entries(PRICES).map(([name, { source, usd }]) => [
    name,
    ...usd.map((price) => (price === undefined ? 'not found' : formatUnitPrice(price))),
    PRICE_SOURCES[source].name,
    PRICE_SOURCES[source].date,
  ]);
  const right = { align: 'right' } as const;
  const columns = [
    { title: 'PRICE IN USD' },
    ...REGIONS.map((region) => ({ title: region, ...right })),
    { title: 'SOURCE' },
    { title: 'DATE' },
  ];
  return renderTable(columns, rows, { style });
}

function describeVolumes(volumes: Volumes): string {
  const { spansPerDay, spansPerRequest, logBytesPerDay, logRecordsPerDay, pointsPerDay } = volumes;
  const parts = [
    spansPerDay > 0 && `${formatQuantity(spansPerDay)} spans, ${spansPerRequest} in a request`,
    logRecordsPerDay > 0 &&
      `${formatQuantity(logBytesPerDay)}B of logs (${formatQuantity(logRecordsPerDay)} records)`,
    pointsPerDay > 0 && `${formatQuantity(pointsPerDay)} points`,
    volumes.auditEventsPerDay > 0 && `${formatQuantity(volumes.auditEventsPerDay)} audit events`,
  ].filter((part) => part !== false);
  const perDay = parts.length === 0 ? 'nothing' : `a day ${parts.join(', ')}`;
  const series = volumes.series > 0 ? `; ${formatQuantity(volumes.series)} active series` : '';
  return `${perDay}${series}; ${volumes.tenants} tenant${volumes.tenants === 1 ? '' : 's'}`;
}

function sections({ bill, stage, freeTier }: CostReport, style: Style): string {
  const all = SECTIONS.map((name) => ({ name, usd: usdOf(bill.sections[name], stage.region) })).filter(
    ({ usd }) => usd > 0,
  );
  const sum = all.reduce((total, { usd }) => total + usd, 0);
  const most = Math.max(...all.map(({ usd }) => usd));
  const rows = all.map(({ name, usd }) => [
    name,
    formatUsd(usd),
    `${Math.round((100 * usd) / sum)} %`,
    bar(usd, most),
  ]);
  const columns = [
    { title: 'WHAT FOR' },
    { title: 'USD A MONTH', align: 'right' },
    { title: 'SHARE', align: 'right' },
    { title: freeTier ? 'before the free tier' : '' },
  ] as const;
  return renderTable(columns, rows, {
    style,
    paint: (cell, { column }) => (column === 3 ? style.green(cell) : cell),
  });
}

function items({ bill, stage, freeTier }: CostReport, style: Style): string {
  const usage = freeTier ? withoutFree(bill.total) : bill.total;
  const rows = ITEM_IDS.filter((id) => (bill.total[id] ?? 0) > 0).map((id) => {
    const { label, price, per, unit } = ITEMS[id];
    const usd = priceOrUsEast(price, stage.region);
    const quantity = usage[id] ?? 0;
    return [
      label,
      `${formatAmount(quantity / per)}${unit === '' ? '' : ` ${unit}`}`,
      formatUnitPrice(usd * per),
      formatUsd(quantity * usd),
    ];
  });
  const right = { align: 'right' } as const;
  const columns = [
    { title: freeTier ? 'WHAT, beyond the free tier' : 'WHAT' },
    { title: 'HOW MUCH', ...right },
    { title: 'UNIT PRICE', ...right },
    { title: 'USD A MONTH', ...right },
  ];
  return renderTable(columns, rows, { style });
}

function summary(report: CostReport, style: Style): string {
  const { usd, usdPerMillionSpans, collector, collectorUsd, breakEven, volumes, bill, stage } = report;
  const base = usdOf(bill.sections.base, stage.region);
  const paid = report.freeTier ? withoutFree(collector.usage) : collector.usage;
  const usdOfItems = (ids: readonly ItemId[]): number =>
    ids.reduce((sum, id) => sum + usdOf({ [id]: paid[id] ?? 0 }, stage.region), 0);
  const lines = [
    `${style.bold(`USD ${formatUsd(usd)} a month`)}, of which ${formatUsd(base)} whether anyone sends or not`,
    ...(usdPerMillionSpans === undefined
      ? []
      : [`USD ${usdPerMillionSpans.toFixed(4)} per million spans, with their metrics and what goes out`]),
    `USD ${formatUsd(collectorUsd)} a month for ${collector.tasks} OpenTelemetry Collectors on Fargate (1 vCPU, 2 GB, arm64) behind a load balancer:`,
    `  ${COLLECTOR_PARTS.map(({ name, items: ids }) => `${name} ${formatUsd(usdOfItems(ids))}`).join(', ')}`,
    breakEven === undefined
      ? `${usd <= collectorUsd ? 'Cheaper' : 'Dearer'} than them from a thousandth to a thousand times these volumes`
      : `Break-even at ${formatQuantity(breakEven)} times these volumes${
          volumes.spansPerDay > 0 ? `, ${formatQuantity(breakEven * volumes.spansPerDay)} spans a day` : ''
        }: below it the pipeline is cheaper`,
  ];
  return `${lines.join('\n')}\n`;
}

const COLLECTOR_PARTS: readonly { readonly name: string; readonly items: readonly ItemId[] }[] = [
  { name: 'tasks', items: ['fargateVcpuHours', 'fargateGbHours'] },
  { name: 'balancer', items: ['albHours', 'lcuHours'] },
  { name: 'CloudWatch Logs', items: ['telemetryLogsGb', 'infrequentLogsGb', 'storedLogsGb'] },
  { name: 'data out', items: ['transferGb'] },
];

/** On a line each: what volumes from a hundredth to a hundredfold cost, here and with collectors. */
function plot({ scale, volumes }: CostReport, style: Style): string {
  if (new Set(scale.map(({ usd }) => usd)).size === 1) return '';
  const most = Math.max(...scale.flatMap(({ usd, collectorUsd }) => [usd, collectorUsd]));
  const cells = (usd: number): string =>
    bar(Math.log10(Math.max(1, usd)), Math.log10(Math.max(10, most))) || '▏';
  const lines = scale.flatMap(({ factor, usd, collectorUsd }) => {
    const title =
      volumes.spansPerDay > 0
        ? `${formatQuantity(factor * volumes.spansPerDay)} spans a day`
        : `${formatQuantity(factor)} times`;
    return [
      `${title.padStart(18)}  ${style.green(cells(usd).padEnd(BAR_CELLS))}  ${formatUsd(usd)}`,
      `${''.padStart(18)}  ${style.yellow(cells(collectorUsd).padEnd(BAR_CELLS))}  ${style.dim(formatUsd(collectorUsd))}`,
    ];
  });
  const legend = `${style.bold('USD a month')} by volume, logarithmic: ${style.green('the pipeline')} above ${style.yellow('collectors on Fargate')}`;
  return `${legend}\n${lines.join('\n')}\n`;
}

function downstream({ downstream: { traceGb, logGb, usd }, volumes }: CostReport, style: Style): string {
  const sum = usd.traces + usd.logs + usd.series + usd.plan;
  const text = `Grafana Cloud Pro for ${formatQuantity(traceGb)} GB of traces (${formatUsd(usd.traces)}), ${formatQuantity(logGb)} GB of logs (${formatUsd(usd.logs)}), ${formatQuantity(volumes.series)} series (${formatUsd(usd.series)}) and its fee: USD ${formatUsd(sum)} a month`;
  return `${style.bold('Downstream')}, not included:\n${wrap(text).join('\n')}\n`;
}

function notes({ bill, stage, collector }: CostReport, style: Style): string {
  const borrowed = borrowedPrices(addUsage(bill.total, collector.usage), stage.region).map(
    (id) => ITEMS[id].label,
  );
  const texts = [
    'Requests, bytes and table units are counted in a run of the bundled functions over emulators; how long functions take is measured there and assumed for AWS.',
    `List prices of ${stage.region} without tax ("sluice cost --prices"). Collectors are sized for ${PEAK_FACTOR} times the mean, and keep nothing when a destination is down.`,
    ...(borrowed.length === 0
      ? []
      : [`Not found for ${stage.region}, and so the price of us-east-1: ${borrowed.join(', ')}.`]),
    ...(stage.edge === 'cdn' ? ['What CloudFront asks for bytes towards the function is not included.'] : []),
  ];
  return `${texts
    .flatMap(wrap)
    .map((line) => style.dim(line))
    .join('\n')}\n`;
}

/** In lines of at most so many characters, where words allow. */
function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > TEXT_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function bar(value: number, most: number): string {
  const eighths = Math.round((value / most) * BAR_CELLS * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

function formatUsd(usd: number): string {
  return usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function formatAmount(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

/** All digits that a price has. */
function formatUnitPrice(usd: number): string {
  return String(Number(usd.toPrecision(6)));
}
