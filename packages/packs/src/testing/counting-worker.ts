/**
 * A process that counts with the real OTel SDK, for tests that kill it: `node counting-worker.ts URL
 * delta|cumulative INSTANCE`. Each line on its standard input is a number of jobs; once they are counted and
 * exported it answers `done`.
 */
import { createInterface } from 'node:readline';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

const [url = '', temporality = '', instance = ''] = process.argv.slice(2);
const exporter = new OTLPMetricExporter({
  url: `${url}/v1/metrics`,
  temporalityPreference:
    temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
});
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({
  readers: [reader],
  resource: resourceFromAttributes({
    'service.name': `${temporality}-worker`,
    'service.instance.id': instance,
  }),
});
const jobs = provider.getMeter('worker').createCounter('jobs');

for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left--) jobs.add(1, { kind: left % 2 === 0 ? 'even' : 'odd' });
  await provider.forceFlush();
  process.stdout.write('done\n');
}
