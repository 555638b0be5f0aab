/** Small requests of OTLP in JSON. */

export interface Point {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface LogRecord {
  readonly severityText: string;
  readonly text: string;
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] };
const SECOND_NS = 1_000_000_000n;
const toNs = (timeMs: number): bigint => BigInt(timeMs) * 1_000_000n;

export const metricsRequest = (...metrics: readonly object[]): object => ({
  resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }],
});

export const gauge = (name: string, timeMs: number, points: readonly Point[]): object => ({
  name,
  gauge: { dataPoints: points.map((point) => toPoint(point, timeMs)) },
});

/** What was counted in the second before. */
export const counter = (name: string, timeMs: number, points: readonly Point[]): object => ({
  name,
  sum: {
    aggregationTemporality: 1,
    isMonotonic: true,
    dataPoints: points.map((point) => toPoint(point, timeMs)),
  },
});

export const logsRequest = (timeMs: number, records: readonly LogRecord[]): object => ({
  resourceLogs: [
    {
      resource,
      scopeLogs: [
        {
          logRecords: records.map(({ severityText, text }) => ({
            timeUnixNano: String(toNs(timeMs)),
            severityText,
            body: { stringValue: text },
          })),
        },
      ],
    },
  ],
});

function toPoint({ value, labels = {} }: Point, timeMs: number): object {
  return {
    asInt: String(value),
    startTimeUnixNano: String(toNs(timeMs) - SECOND_NS),
    timeUnixNano: String(toNs(timeMs)),
    attributes: Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
}
