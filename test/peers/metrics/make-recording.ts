/** Six export requests, 10 s apart, of two processes of which one is restarted: every kind of metric that expectSeries knows. */

const START_NS = 1_760_000_000_000_000_000n;
const SECOND_NS = 1_000_000_000n;
const REQUESTS = 6;

/** Lines of OTLP/JSON. */
export function makeRecording(): readonly string[] {
  return Array.from({ length: REQUESTS }, (_, i) => {
    const timeNs = START_NS + BigInt(10 * (i + 1)) * SECOND_NS;
    return JSON.stringify({
      resourceMetrics: [
        makeProcess('cart-1', { timeNs, startNs: START_NS, age: i + 1 }),
        // The second process is started again before the fourth request.
        makeProcess('cart-2', {
          timeNs,
          startNs: i < 3 ? START_NS : START_NS + 31n * SECOND_NS,
          age: i < 3 ? i + 1 : i - 2,
        }),
      ],
    });
  });
}

function makeProcess(
  instance: string,
  { timeNs, startNs, age }: { readonly timeNs: bigint; readonly startNs: bigint; readonly age: number },
) {
  const time = { timeUnixNano: String(timeNs) };
  const counted = { ...time, startTimeUnixNano: String(startNs) };
  const of = (route: string) => ({ attributes: [text('http.route', route)] });
  const total = (points: readonly object[]) => ({
    dataPoints: points,
    aggregationTemporality: 2,
    isMonotonic: true,
  });
  return {
    resource: {
      attributes: [
        text('service.name', 'cart'),
        text('service.instance.id', instance),
        text('service.version', '1.4.2'),
      ],
    },
    scopeMetrics: [
      {
        scope: { name: 'shop.cart', version: '2.0' },
        metrics: [
          {
            name: 'http.server.requests',
            unit: '{request}',
            sum: total([
              { ...counted, ...of('/cart'), asInt: String(17 * age) },
              { ...counted, ...of('/pay'), asInt: String(5 * age) },
            ]),
          },
          { name: 'sent', unit: 'By', sum: total([{ ...counted, asDouble: 1024.5 * age }]) },
          { name: 'cpu.load', unit: '1', gauge: { dataPoints: [{ ...time, asDouble: 0.25 * age }] } },
          {
            name: 'queue.length',
            sum: { dataPoints: [{ ...counted, asInt: String(9 - age) }], aggregationTemporality: 2 },
          },
          {
            name: 'http.server.duration',
            unit: 's',
            histogram: {
              dataPoints: [
                {
                  ...counted,
                  ...of('/cart'),
                  count: String(6 * age),
                  sum: 2.5 * age,
                  bucketCounts: [age, 2 * age, 3 * age].map(String),
                  explicitBounds: [0.5, 1],
                },
              ],
              aggregationTemporality: 2,
            },
          },
          {
            name: 'gc.pause',
            unit: 's',
            summary: {
              dataPoints: [
                {
                  ...counted,
                  count: String(3 * age),
                  sum: age,
                  quantileValues: [{ quantile: 0.99, value: 0.125 * age }],
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function text(key: string, value: string) {
  return { key, value: { stringValue: value } };
}
