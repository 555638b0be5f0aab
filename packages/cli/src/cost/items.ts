/** The lines of a bill: what is counted, in which unit, at which price. */
import { type PriceName, priceOf, priceOrUsEast, type Region } from '@sluice/core/cloud-prices';

export interface Item {
  readonly label: string;
  readonly price: PriceName;
  /** Of the price as people write it, e.g. a million requests. */
  readonly per: number;
  readonly unit: string;
}

const M = 1_000_000;

export const ITEMS = {
  lambdaRequests: { label: 'Lambda requests', price: 'lambdaRequest', per: M, unit: 'M' },
  lambdaGbSeconds: { label: 'Lambda GB-seconds', price: 'lambdaGbSecond', per: M, unit: 'M' },
  sqsRequests: { label: 'SQS requests of 64 KB', price: 'sqsRequest', per: M, unit: 'M' },
  sqsFifoRequests: { label: 'SQS FIFO requests', price: 'sqsFifoRequest', per: M, unit: 'M' },
  writeUnits: { label: 'DynamoDB write units', price: 'dynamoWriteUnit', per: M, unit: 'M' },
  readUnits: { label: 'DynamoDB read units', price: 'dynamoReadUnit', per: M, unit: 'M' },
  tableGb: { label: 'DynamoDB storage', price: 'dynamoGbMonth', per: 1, unit: 'GB' },
  backupGb: { label: 'DynamoDB backups', price: 'dynamoBackupGbMonth', per: 1, unit: 'GB' },
  functionLogsGb: { label: 'logs of the functions', price: 'logsIngestGb', per: 1, unit: 'GB' },
  telemetryLogsGb: { label: 'CloudWatch Logs, standard', price: 'logsIngestGb', per: 1, unit: 'GB' },
  infrequentLogsGb: {
    label: 'CloudWatch Logs, infrequent',
    price: 'logsIngestInfrequentGb',
    per: 1,
    unit: 'GB',
  },
  storedLogsGb: { label: 'CloudWatch Logs storage', price: 'logsGbMonth', per: 1, unit: 'GB' },
  transferGb: { label: 'data out to destinations', price: 'transferOutGb', per: 1, unit: 'GB' },
  customMetrics: { label: 'CloudWatch metrics', price: 'customMetricMonth', per: 1, unit: '' },
  alarms: { label: 'CloudWatch alarms', price: 'alarmMonth', per: 1, unit: '' },
  schedulerInvocations: { label: 'EventBridge schedules', price: 'schedulerInvocation', per: M, unit: 'M' },
  kmsKeys: { label: 'KMS keys', price: 'kmsKeyMonth', per: 1, unit: '' },
  kmsRequests: { label: 'KMS requests', price: 'kmsRequest', per: 10_000, unit: '10k' },
  kmsSignatures: { label: 'KMS signatures', price: 'kmsSignature', per: 10_000, unit: '10k' },
  httpApiRequests: { label: 'API Gateway requests', price: 'httpApiRequest', per: M, unit: 'M' },
  cloudFrontRequests: { label: 'CloudFront requests', price: 'cloudFrontRequest', per: M, unit: 'M' },
  wafAcls: { label: 'WAF access lists', price: 'wafAclMonth', per: 1, unit: '' },
  wafRules: { label: 'WAF rules', price: 'wafRuleMonth', per: 1, unit: '' },
  wafRequests: { label: 'WAF requests', price: 'wafRequest', per: M, unit: 'M' },
  fargateVcpuHours: { label: 'Fargate arm64 vCPU-hours', price: 'fargateVcpuHour', per: 1, unit: 'h' },
  fargateGbHours: { label: 'Fargate arm64 GB-hours', price: 'fargateGbHour', per: 1, unit: 'h' },
  albHours: { label: 'load balancer hours', price: 'albHour', per: 1, unit: 'h' },
  lcuHours: { label: 'load balancer capacity', price: 'lcuHour', per: 1, unit: 'h' },
} as const satisfies Readonly<Record<string, Item>>;

export type ItemId = keyof typeof ITEMS;
export const ITEM_IDS = Object.keys(ITEMS) as readonly ItemId[];

/** Quantities a month, in single units. */
export type Usage = Readonly<Partial<Record<ItemId, number>>>;

export function addUsage(...usages: readonly Usage[]): Usage {
  const sum: Partial<Record<ItemId, number>> = {};
  for (const usage of usages) {
    for (const id of ITEM_IDS) if (usage[id]) sum[id] = (sum[id] ?? 0) + usage[id];
  }
  return sum;
}

/** US dollars. */
export function usdOf(usage: Usage, region: Region): number {
  return ITEM_IDS.reduce((sum, id) => sum + (usage[id] ?? 0) * priceOrUsEast(ITEMS[id].price, region), 0);
}

/** Items whose price was not found for the region, and is that of us-east-1. */
export function borrowedPrices(usage: Usage, region: Region): readonly ItemId[] {
  return ITEM_IDS.filter((id) => (usage[id] ?? 0) > 0 && priceOf(ITEMS[id].price, region) === undefined);
}

/** What an account has free of charge every month, for good (AWS Free Tier § Always free). */
const ALWAYS_FREE: readonly { readonly items: readonly ItemId[]; readonly quantity: number }[] = [
  { items: ['lambdaRequests'], quantity: M },
  { items: ['lambdaGbSeconds'], quantity: 400_000 },
  { items: ['sqsRequests', 'sqsFifoRequests'], quantity: M },
  { items: ['tableGb'], quantity: 25 },
  { items: ['telemetryLogsGb', 'functionLogsGb', 'infrequentLogsGb'], quantity: 5 },
  { items: ['transferGb'], quantity: 100 },
  { items: ['customMetrics'], quantity: 10 },
  { items: ['alarms'], quantity: 10 },
  { items: ['schedulerInvocations'], quantity: 14 * M },
  { items: ['kmsRequests'], quantity: 20_000 },
  { items: ['cloudFrontRequests'], quantity: 10 * M },
];

/** What is left to pay of the whole account's usage. */
export function withoutFree(usage: Usage): Usage {
  const left: Partial<Record<ItemId, number>> = { ...usage };
  for (const { items, quantity } of ALWAYS_FREE) {
    let free = quantity;
    for (const id of items) {
      const taken = Math.min(free, left[id] ?? 0);
      if (taken === 0) continue;
      left[id] = (left[id] ?? 0) - taken;
      free -= taken;
    }
  }
  return left;
}
