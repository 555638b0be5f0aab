/** `sluice cost`. */
import { PRICE_SOURCES, PRICES, REGIONS } from '@sluice/core/cloud-prices';
import { defineCommand, EXIT } from '../command.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { SECTIONS } from './cost-model.ts';
import { COST_OPTIONS, readStage, readVolumes } from './cost-options.ts';
import { type CostReport, reportCost } from './cost-report.ts';
import { COUNTED } from './counted-work.ts';
import { ITEM_IDS, ITEMS, type Usage, usdOf } from './items.ts';
import { renderCost, renderPrices } from './render-cost.ts';

export const costCommand = defineCommand({
  about: `What a stage on AWS costs a month for volumes a day: by what causes it and by what AWS bills, compared
with OpenTelemetry Collectors on Fargate, and at smaller and larger volumes. Volumes that are not given are 0;
without any, those of a small shop are taken. Works without network and credentials.`,
  options: COST_OPTIONS,
  examples: [
    'sluice cost --spans-per-day 10M --logs-gb-per-day 2 --points-per-day 5M --series 5k',
    'sluice cost --spans-per-day 2.5G --spans-per-request 512 --region eu-central-1',
    'sluice cost --spans-per-day 100M --json | jq .usdPerMillionSpans',
  ],
  async run({ options, json }, io) {
    const style = createStyle(io.stdout, io.env);
    if (options.prices) {
      io.stdout.write(
        json
          ? `${safeJson({ regions: REGIONS, prices: PRICES, sources: PRICE_SOURCES })}\n`
          : renderPrices(style),
      );
      return EXIT.ok;
    }
    const volumes = readVolumes(options, COUNTED.logs);
    const stage = readStage(options);
    const report = reportCost(volumes, stage, { counted: COUNTED, freeTier: options['free-tier'] });
    io.stdout.write(json ? `${safeJson(toDocument(report))}\n` : renderCost(report, { style }));
    return EXIT.ok;
  },
});

/** Every line of every section, with quantities in single units. */
function toDocument(report: CostReport): object {
  const { bill, stage, collector, ...rest } = report;
  const lines = (usage: Usage) =>
    ITEM_IDS.filter((id) => (usage[id] ?? 0) > 0).map((id) => ({
      item: id,
      what: ITEMS[id].label,
      quantity: usage[id],
      usd: usdOf({ [id]: usage[id] }, stage.region),
    }));
  return {
    ...rest,
    stage,
    sections: SECTIONS.map((name) => ({
      name,
      usd: usdOf(bill.sections[name], stage.region),
      lines: lines(bill.sections[name]),
    })),
    collector: { tasks: collector.tasks, usd: report.collectorUsd, lines: lines(collector.usage) },
  };
}
