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
  /** Of spans their ids; of entries, which have none of their own, their times. */
  takenIds(): readonly string[];
  /** From now on it takes what it found too large or too old. */
  loosen(): void;
}

export interface FakeBackendOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  readonly seed?: number;
  /** Inflated bytes that one push may have. */
  readonly maxPushBytes?: number;
  /** Tempo only; for Loki see `UNACCEPTABLE`. */
  readonly maxBytesPerTrace?: number;
}

/** What each of them refuses for good, and its words for that: a trace of 100 spans, records of last month. */
const UNACCEPTABLE = {
  tempo: { shape: { items: 100, spansPerTrace: 100 }, reason: /TRACE_TOO_LARGE/ },
  loki: { shape: { items: 5, nowMs: Date.UTC(2025, 11, 1) }, reason: /timestamp too old/ },
} as const;

export const FAKE_BACKENDS = [
  { name: 'Tempo', signal: 'traces', create: createTempoBackend, unacceptable: UNACCEPTABLE.tempo },
  { name: 'Loki', signal: 'logs', create: createLokiBackend, unacceptable: UNACCEPTABLE.loki },
] as const;

/** The fakes answer at once or, for a fault, never. */
const TIMEOUT_MS = 60;

async function createTempoBackend({
  clock,
  seed,
  maxPushBytes,
  maxBytesPerTrace,
}: FakeBackendOptions): Promise<FakeBackend> {
  const tempo = await createFakeTempo({
    ...(seed === undefined ? {} : { seed }),
    ...(maxPushBytes === undefined ? {} : { burstBytes: maxPushBytes }),
    ...(maxBytesPerTrace === undefined ? {} : { maxBytesPerTrace }),
  });
  const { url, faults } = tempo;
  return {
    url,
    faults,
    sink: createTempoSink({ url, fetch, clock, timeoutMs: TIMEOUT_MS }),
    taken: () => tempo.spans().length,
    takenIds: () => tempo.spans().map(({ spanId }) => spanId),
    loosen() {
      tempo.limits.maxBytesPerTrace = Number.POSITIVE_INFINITY;
    },
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
    takenIds: () => loki.entries().map(({ timeNs }) => String(timeNs)),
    loosen() {
      loki.limits.maxAgeMs = Number.POSITIVE_INFINITY;
    },
    [Symbol.asyncDispose]: loki.close,
  };
}
