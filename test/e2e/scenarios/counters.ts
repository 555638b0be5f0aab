/** Requests with one counter, as OTLP JSON, so that every byte of a test is seen. */
export interface Count {
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Counts {
  /** Without the suffix that series get. */
  readonly metric: string;
  /** 1 delta, 2 cumulative (OTLP `AggregationTemporality`). */
  readonly temporality: 1 | 2;
  readonly counts: readonly Count[];
  readonly resource: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

const START_MS = 1_000;

export function encodeCounts({ metric, temporality, counts, resource, nowMs }: Counts): string {
  const nowNs = BigInt(nowMs) * 1_000_000n;
  const dataPoints = counts.map(({ value, attributes }) => ({
    asInt: String(value),
    // Of a process that grows: since it began, whenever it is asked.
    startTimeUnixNano: String((BigInt(Math.floor(nowMs / 60_000) * 60_000) - BigInt(START_MS)) * 1_000_000n),
    timeUnixNano: String(nowNs),
    attributes: toAttributes(attributes),
  }));
  const sum = { aggregationTemporality: temporality, isMonotonic: true, dataPoints };
  const scopeMetrics = [{ metrics: [{ name: metric, sum }] }];
  return JSON.stringify({
    resourceMetrics: [{ resource: { attributes: toAttributes(resource) }, scopeMetrics }],
  });
}

/** Answers the status; 0 for a connection that broke. */
export async function postCounts(
  { ingestUrl, headers }: { readonly ingestUrl: string; readonly headers: Readonly<Record<string, string>> },
  body: string,
): Promise<number> {
  try {
    const response = await fetch(`${ingestUrl}/v1/metrics`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

function toAttributes(values: Readonly<Record<string, string>>) {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
