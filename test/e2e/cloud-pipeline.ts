/**
 * The functions on AWS as scenarios see them. Traces and log lines are looked for where people look for them, at the
 * destinations; minutes pass when the scenario says so.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { decodeTraces } from '@sluice/otlp/decode-traces';
import { expect } from 'vitest';
import { type Cloud, startCloud } from '../aws/cloud.ts';
import { CALM, HOSTILE } from '../aws/hostility.ts';
import { removeDataDir, runCli } from './local-process.ts';
import { makeConfig, PASSING_FAULTS, type Pipeline } from './pipeline.ts';
import { eventually, type LineSelection, type LogLine } from './pipeline-client.ts';
import { startWebhook } from './webhook.ts';

export interface CloudPipeline extends Pipeline {
  readonly cloud: Cloud;
}

const MINUTE_MS = 60_000;
/** `compact-metrics` runs every ten minutes. */
const COMPACT_MINUTES = 10;
const HTTP_FAULT_SHARE = 0.15;
/** Of the first key of `startCloud`. */
const TENANT = 'acme';
const HOOK_HOST = 'hooks.example.net';
/** Functions that hold something while they work. */
const AT_WORK = [
  'ingest',
  'deliver-traces',
  'deliver-logs',
  'collect-metrics',
  'reduce-metrics',
  'record-audit',
] as const;

export async function startCloudPipeline(seed: number): Promise<CloudPipeline> {
  const webhook = await startWebhook();
  const config = makeConfig({ webhookUrl: `http://${HOOK_HOST}/hook`, interval: '1m', tenant: TENANT });
  const cloud = await startCloud({ seed, configDir: config, hosts: { [HOOK_HOST]: webhook.port } });
  const { tempo, loki, mimir } = cloud;
  let aheadMs = 0;
  let minutes = 0;
  let kills = 0;
  const nowMs = (): number => Date.now() + aheadMs;

  async function isDrained(queue: string): Promise<boolean> {
    const { Attributes = {} } = await cloud.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: cloud.queueUrl(queue),
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return Object.values(Attributes).every((count) => count === '0');
  }

  async function tick(): Promise<void> {
    // What was sent before is collected before: no scenario waits for a minute in vain.
    await patiently(() => isDrained('metrics'));
    aheadMs += MINUTE_MS - (nowMs() % MINUTE_MS) + 1;
    minutes += 1;
    cloud.setClock(aheadMs);
    await cloud.schedule('tick');
    await patiently(() => isDrained('reduce'));
    await Promise.all([cloud.schedule('evaluate'), cloud.schedule('seal-audit')]);
    if (minutes % COMPACT_MINUTES === 0) await cloud.schedule('compact-metrics');
    await patiently(() => isDrained('notifications'));
  }

  return {
    name: 'aws',
    seed,
    cloud,
    ingestUrl: cloud.ingestUrl,
    apiUrl: cloud.queryUrl,
    headers: { authorization: `Bearer ${cloud.secret}` },
    tenant: TENANT,
    tempo,
    loki,
    mimir,
    webhook,
    nowMs,
    tick,
    cli: (...args) => runCli(args, cloud.operator),
    async sendRaw(name, MessageBody) {
      const group = name.endsWith('.fifo')
        ? { MessageGroupId: 'poison', MessageDeduplicationId: randomUUID() }
        : {};
      await cloud.sqs.send(new SendMessageCommand({ QueueUrl: cloud.queueUrl(name), MessageBody, ...group }));
    },
    async kill() {
      for (const name of AT_WORK) cloud.functions.get(name)!.kill();
      kills += 1;
    },
    setHostile(isHostile) {
      cloud.fate.set(isHostile ? HOSTILE : CALM);
      for (const { faults } of [tempo, loki, mimir])
        faults.setRandom(isHostile ? HTTP_FAULT_SHARE : 0, PASSING_FAULTS);
    },
    faults: () => ({
      kills,
      ...Object.fromEntries(cloud.fate.counts),
      ...Object.fromEntries(
        Object.entries({ tempo, loki, mimir }).flatMap(([name, { faults }]) =>
          [...faults.counts()].map(([kind, count]) => [`${name} ${kind}`, count] as const),
        ),
      ),
    }),
    complaints: () =>
      [...cloud.functions.values()].flatMap(({ log }) => log.filter((line) => COMPLAINT.test(line))),
    async findSpans(traceId) {
      return tempo
        .spans()
        .filter((span) => span.traceId === traceId)
        .map(({ spanId, parentSpanId, name }) => ({ spanId, parentSpanId, name }));
    },
    findLines: async (selection) => linesIn(cloud, selection),
    async expectSpans(bytes) {
      const wanted = decodeTraces(bytes).flatMap(({ scopes }) => scopes.flatMap(({ spans }) => spans));
      const found = await eventually('the spans', async () => {
        const byId = new Map(tempo.spans().map((span) => [span.spanId, span]));
        return wanted.every(({ spanId }) => byId.has(spanId)) ? byId : undefined;
      });
      for (const span of wanted) expect(found.get(span.spanId)).toEqual(span);
    },
    async [Symbol.asyncDispose]() {
      await cloud.close();
      await webhook[Symbol.asyncDispose]();
      removeDataDir(config);
    },
  };
}

const COMPLAINT = /^\{"time":"[^"]*","level":"(?:warn|error)"|^(?!\{)/;

/** Waits for a while, and goes on without: faults may hold it up for longer. */
async function patiently(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    if (await isSo()) return;
    await sleep(50);
  }
}

function linesIn({ loki }: Cloud, { services, text = '', range }: LineSelection): readonly LogLine[] {
  return loki
    .entries()
    .map(({ timeNs, line, labels }) => ({ timeNs, line, labels: labelsOf(labels) }))
    .filter(
      ({ timeNs, line, labels }) =>
        (services === undefined || services.includes(labels.service ?? '')) &&
        line.includes(text) &&
        (range === undefined || (timeNs >= range.startNs && timeNs < range.endNs)),
    )
    .map(({ timeNs, line, labels }) => ({ timestampNs: String(timeNs), line, labels }));
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name!, value!]),
  );
}
