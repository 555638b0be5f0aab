/**
 * A running pipeline as scenarios see it: where to send, where to look, and what may happen to it. Local mode and the
 * functions on AWS are two of them, with the same destinations behind.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FakeLoki } from '@sluice/backends/testing/fake-loki';
import type { FakeMimir } from '@sluice/backends/testing/fake-mimir';
import type { FakeTempo } from '@sluice/backends/testing/fake-tempo';
import type { HttpFault } from '@sluice/backends/testing/http-faults';
import { type Finder, postOtlp } from './pipeline-client.ts';
import type { Webhook } from './webhook.ts';

export interface Pipeline extends Finder, AsyncDisposable {
  readonly name: 'local' | 'aws';
  /** Of everything that is left to chance in this run. */
  readonly seed: number;
  readonly ingestUrl: string;
  /** Read APIs that both have: Prometheus, Alertmanager, audit. */
  readonly apiUrl: string;
  /** Of a key that may do everything; none where none is needed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tenant: string;
  readonly tempo: FakeTempo;
  readonly loki: FakeLoki;
  readonly mimir: FakeMimir;
  /** Receiver of the alerts of `makeConfig`. */
  readonly webhook: Webhook;
  /** By the pipeline's clock. */
  nowMs(): number;
  /** The next round of all that is scheduled. */
  tick(): Promise<void>;
  /** `npx sluice …` as the operator of this pipeline. */
  cli(...args: readonly string[]): Promise<CliResult>;
  /** Puts a message on a queue by its name, past ingest. */
  sendRaw(queue: string, body: string): Promise<void>;
  /** Ends what is at work, without a word; it comes back by itself. */
  kill(): Promise<void>;
  /** From now on faults of processes, queues and destinations strike at random, or no longer. */
  setHostile(isHostile: boolean): void;
  /** What struck, and how often. */
  faults(): Readonly<Record<string, number>>;
  /** Complaints of the pipeline that nobody has asked for. */
  complaints(): readonly string[];
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of destinations: those that a later try gets over, and that are answered at once. */
export const PASSING_FAULTS: readonly HttpFault[] = [
  'rate-limited',
  'unavailable',
  'bad-gateway',
  'internal-error',
  'reset',
  'reset-after',
  'garbage',
];

/** Signals of one post, until it is taken: as an SDK that sends again what was not answered 200. */
export async function postUntilTaken(
  pipeline: Pick<Pipeline, 'ingestUrl' | 'headers'>,
  signal: 'traces' | 'logs' | 'metrics',
  bytes: Uint8Array,
): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const status = await postOtlp(pipeline.ingestUrl, signal, bytes, pipeline.headers);
    if (status === 200) return;
    if (status !== 0 && status !== 429 && status < 500) throw new Error(`the post was answered ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('a post was not taken in 200 tries');
}

/** Ticks until the condition answers something else than undefined. @throws after `maxTicks` */
export async function eventuallyAtTick<T>(
  pipeline: Pick<Pipeline, 'tick'>,
  what: string,
  look: () => Promise<T | undefined>,
  maxTicks = 25,
): Promise<T> {
  for (let ticks = 0; ; ticks++) {
    const found = await look();
    if (found !== undefined) return found;
    if (ticks === maxTicks) throw new Error(`waited ${maxTicks} ticks in vain for ${what}`);
    await pipeline.tick();
  }
}

/** Value of an instant query that answers one sample; `undefined` when it answers none. */
export async function queryValue(
  { apiUrl, headers }: Pick<Pipeline, 'apiUrl' | 'headers'>,
  expression: string,
): Promise<number | undefined> {
  const response = await fetch(`${apiUrl}/api/v1/query?query=${encodeURIComponent(expression)}`, { headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${expression}: ${response.status} ${text}`);
  const { data } = JSON.parse(text) as {
    data: { result: readonly { readonly value: readonly [number, string] }[] };
  };
  return data.result[0] === undefined ? undefined : Number(data.result[0].value[1]);
}

/** Counters of the burst scenario, as a share of its requests: no window that a test would have to wait for. */
export const BURST = { metric: 'burst_requests_total', alert: 'ErrorBurst' } as const;

export interface ConfigOptions {
  readonly webhookUrl: string;
  /** How often rules are looked at, e.g. `1m`. */
  readonly interval: string;
  /** Whose metrics they are about. */
  readonly tenant: string;
}

/** A configuration folder with one rule and one receiver. */
export function makeConfig({ webhookUrl, interval, tenant }: ConfigOptions): string {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-config-'));
  mkdirSync(join(dir, 'rules'));
  writeFileSync(
    join(dir, 'rules/burst.yml'),
    `groups:
- name: burst
  interval: ${interval}
  rules:
  - alert: ${BURST.alert}
    expr: sum(${BURST.metric}{status="500"}) / sum(${BURST.metric}) > 0.05
    labels: {severity: critical}
    annotations: {summary: '{{ $value | humanizePercentage }} of requests fail'}
`,
  );
  writeFileSync(
    join(dir, 'alertmanager.yml'),
    `route: {receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s}
receivers:
- name: hook
  webhook_configs: [{url: '${webhookUrl}'}]
`,
  );
  writeFileSync(join(dir, 'sluice.yml'), `rules: {tenants: [${tenant}], evaluation_interval: ${interval}}\n`);
  return dir;
}
