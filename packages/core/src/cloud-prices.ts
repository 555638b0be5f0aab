/**
 * Public list prices in US dollars, on demand and without tax, that costs are reckoned with: data, with where and
 * when each was read. What was not found for a region is `undefined`, and never guessed.
 */

export const REGIONS = ['us-east-1', 'eu-west-1', 'eu-central-1'] as const;
export type Region = (typeof REGIONS)[number];

export interface PriceSource {
  readonly name: string;
  readonly url: string;
  /** Of publication, or of reading where none is stated. */
  readonly date: string;
}

/** The offer files behind AWS's pricing pages; figures as surveyed from them on 2026-08-16. */
const offer = (code: string, date: string): PriceSource => ({
  name: `AWS Price List, offer ${code}`,
  url: `https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/${code}/current/index.json`,
  date,
});

export const PRICE_SOURCES = {
  lambda: offer('AWSLambda', '2026-09-11'),
  sqs: offer('AWSQueueService', '2025-08-28'),
  dynamodb: offer('AmazonDynamoDB', '2026-08-15'),
  cloudwatch: offer('AmazonCloudWatch', '2026-08-06'),
  events: offer('AWSEvents', '2026-05-29'),
  ecs: offer('AmazonECS', '2026-07-07'),
  elb: offer('AWSELB', '2026-07-20'),
  transfer: offer('AWSDataTransfer', '2026-07-20'),
  kms: { name: 'AWS KMS pricing', url: 'https://aws.amazon.com/kms/pricing/', date: '2026-06-13' },
  httpApi: {
    name: 'Amazon API Gateway pricing',
    url: 'https://aws.amazon.com/api-gateway/pricing/',
    date: '2025-07-01',
  },
  cloudFront: {
    name: 'Amazon CloudFront pricing',
    url: 'https://aws.amazon.com/cloudfront/pricing/',
    date: '2026-03-26',
  },
  waf: { name: 'AWS WAF pricing', url: 'https://aws.amazon.com/waf/pricing/', date: '2026-05-01' },
  grafana: { name: 'Grafana Cloud pricing', url: 'https://grafana.com/pricing/', date: '2026-06-30' },
} as const satisfies Readonly<Record<string, PriceSource>>;

export type PriceSourceName = keyof typeof PRICE_SOURCES;

interface RegionalPrice {
  readonly source: PriceSourceName;
  /** In the order of `REGIONS`. */
  readonly usd: readonly [number, number | undefined, number | undefined];
}

const same = (source: PriceSourceName, usd: number): RegionalPrice => ({ source, usd: [usd, usd, usd] });

export const PRICES = {
  lambdaRequest: same('lambda', 0.2e-6),
  /** arm64, first 7.5 billion GB-seconds a month; by the millisecond, with INIT since August 2025. */
  lambdaGbSecond: same('lambda', 0.0000133334),
  /** Each 64 KB of a request's payload count as a request. */
  sqsRequest: same('sqs', 0.4e-6),
  sqsFifoRequest: same('sqs', 0.5e-6),
  dynamoWriteUnit: { source: 'dynamodb', usd: [0.625e-6, 0.705e-6, 0.7625e-6] },
  dynamoReadUnit: { source: 'dynamodb', usd: [0.125e-6, 0.1415e-6, 0.1525e-6] },
  dynamoGbMonth: { source: 'dynamodb', usd: [0.25, 0.283, 0.306] },
  /** Point in time recovery. */
  dynamoBackupGbMonth: { source: 'dynamodb', usd: [0.2, 0.22, 0.2448] },
  logsIngestGb: { source: 'cloudwatch', usd: [0.5, 0.57, 0.63] },
  logsIngestInfrequentGb: { source: 'cloudwatch', usd: [0.25, 0.285, undefined] },
  logsGbMonth: { source: 'cloudwatch', usd: [0.03, 0.03, 0.0324] },
  customMetricMonth: same('cloudwatch', 0.3),
  alarmMonth: same('cloudwatch', 0.1),
  schedulerInvocation: { source: 'events', usd: [1e-6, 1e-6, 1.15e-6] },
  kmsKeyMonth: same('kms', 1),
  kmsRequest: same('kms', 0.000003),
  /** Ed25519 and other elliptic curves. */
  kmsSignature: same('kms', 0.000015),
  httpApiRequest: { source: 'httpApi', usd: [1e-6, undefined, undefined] },
  /** HTTPS, at the edge where the sender is: of the United States, of Europe. */
  cloudFrontRequest: { source: 'cloudFront', usd: [1e-6, 1.2e-6, 1.2e-6] },
  wafAclMonth: same('waf', 5),
  wafRuleMonth: same('waf', 1),
  wafRequest: same('waf', 0.6e-6),
  /** To the internet, first 10 TB a month. */
  transferOutGb: same('transfer', 0.09),
  fargateVcpuHour: { source: 'ecs', usd: [0.03238, 0.03238, 0.03725] },
  fargateGbHour: { source: 'ecs', usd: [0.00356, 0.00356, 0.00409] },
  albHour: { source: 'elb', usd: [0.0225, 0.0252, undefined] },
  lcuHour: same('elb', 0.008),
} as const satisfies Readonly<Record<string, RegionalPrice>>;

export type PriceName = keyof typeof PRICES;

/** What a hosted destination asks for the same telemetry; the same everywhere. */
export const GRAFANA_CLOUD = {
  /** More series than are included. */
  seriesMonth: 0.0065,
  /** Traces or logs, uncompressed: processed, written, kept for 30 days. */
  ingestGb: 0.05 + 0.4 + 0.1,
  platformMonth: 19,
  includedSeries: 10_000,
  includedGb: 50,
} as const;

/** Undefined when it was not found for the region. */
export function priceOf(name: PriceName, region: Region): number | undefined {
  return PRICES[name].usd[REGIONS.indexOf(region)];
}

/** With the price of us-east-1 for what was not found: whoever uses it has to say so. */
export function priceOrUsEast(name: PriceName, region: Region): number {
  return priceOf(name, region) ?? PRICES[name].usd[0];
}
