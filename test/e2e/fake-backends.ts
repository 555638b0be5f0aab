/** The two real sinks with their fake servers, behind one face, so that one list of faults runs on both. */
import { createLokiSink } from '@sluice/backends/loki/loki-sink';
import { createTempoSink } from '@sluice/backends/tempo/tempo-sink';
import { createFakeLoki } from '@sluice/backends/testing/fake-loki';
import { createFakeTempo } from '@sluice/backends/testing/fake-tempo';
import type { HttpFaults } from '@sluice/backends/testing/http-faults';
import type { Clock } from '@sluice/core/ports/clock';
import type { Sink } from '@sluice/core/ports/sink';

export interface FakeBackend extends AsyncDisposable {
  readonly url: string;
  readonly faults: HttpFaults;
  readonly sink: Sink;
  /** Different spans or log entries that were taken. */
  taken(): number;
}

export interface FakeBackendOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  readonly seed?: number;
  /** Inflated bytes that one push may have. */
  readonly maxPushBytes?: number;
}

export const FAKE_BACKENDS = [
  { name: 'Tempo', signal: 'traces', create: createTempoBackend },
  { name: 'Loki', signal: 'logs', create: createLokiBackend },
] as const;

/** The fakes answer at once or, for a fault, never. */
const TIMEOUT_MS = 60;

async function createTempoBackend({ clock, seed, maxPushBytes }: FakeBackendOptions): Promise<FakeBackend> {
  const tempo = await createFakeTempo({
    ...(seed === undefined ? {} : { seed }),
    ...(maxPushBytes === undefined ? {} : { burstBytes: maxPushBytes }),
  });
  const { url, faults } = tempo;
  return {
    url,
    faults,
    sink: createTempoSink({ url, fetch, clock, timeoutMs: TIMEOUT_MS }),
    taken: () => tempo.spans().length,
    [Symbol.asyncDispose]: tempo.close,
  };
}

async function createLokiBackend({ clock, seed, maxPushBytes }: FakeBackendOptions): Promise<FakeBackend> {
  const loki = await createFakeLoki({
    nowMs: () => clock.nowMs(),
    ...(seed === undefined ? {} : { seed }),
    ...(maxPushBytes === undefined ? {} : { rateBytes: maxPushBytes }),
  });
  const { url, faults } = loki;
  return {
    url,
    faults,
    sink: createLokiSink({ url, fetch, clock, timeoutMs: TIMEOUT_MS }),
    taken: () => loki.entries().length,
    [Symbol.asyncDispose]: loki.close,
  };
}
