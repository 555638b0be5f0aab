/**
 * Recorded series as messages of the metrics queue: they go the way of all metrics and are read, rolled up and
 * pushed like them. The ids are made of tenant, group and time, so that an evaluation that is done twice
 * counts once.
 */
import { encodeEnvelope, messageIdOf } from '@sluice/core/envelope';
import { deflateGzip } from '@sluice/core/gzip';
import { parseTenantId } from '@sluice/core/ids';
import type { OutgoingMessage, Queue } from '@sluice/core/ports/queue';
import type { RecordedBatch, RecordedSeriesSink } from '@sluice/rules/tick/recorded-series';
import { encodeRecordedSeries, type RecordedPoint } from './encode-recorded-series.ts';

/** A few hundred bytes each, compressed to tens: far below the megabyte of a message. */
const POINTS_PER_MESSAGE = 5_000;

export function createRecordedSeriesSender(metricsQueue: Pick<Queue, 'send' | 'name'>): RecordedSeriesSink {
  return {
    async record({ tenant, group, evaluatedAtMs, timeMs, samples, stale }: RecordedBatch) {
      const points: RecordedPoint[] = [
        // Native histograms have no gauge form; the rule's other series are recorded.
        ...samples.filter(({ histogram }) => histogram === undefined),
        ...stale.map((labels) => ({ labels, value: undefined })),
      ];
      const owner = parseTenantId(tenant);
      const messages: OutgoingMessage[] = [];
      for (let from = 0; from < points.length; from += POINTS_PER_MESSAGE) {
        const part = points.slice(from, from + POINTS_PER_MESSAGE);
        const name = Buffer.from(`recorded\n${group}\n${evaluatedAtMs}`);
        messages.push(
          encodeEnvelope({
            id: messageIdOf(owner, 'metrics', name, messages.length),
            signal: 'metrics',
            tenant: owner,
            items: part.length,
            receivedAtMs: evaluatedAtMs,
            gzip: await deflateGzip(encodeRecordedSeries(part, timeMs)),
          }),
        );
      }
      if (messages.length === 0) return;
      const outcomes = await metricsQueue.send(messages);
      const refused = outcomes.find(({ status }) => status !== 'ok');
      if (refused !== undefined && refused.status !== 'ok')
        throw new Error(`the queue ${metricsQueue.name} did not take recorded series: ${refused.reason}`);
    },
  };
}
