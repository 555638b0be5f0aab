/** What a Prometheus server has, in the words of its HTTP API. */
interface Vector {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

/** The values of an instant query by series text; `__name__` first, then the labels by name. */
export async function ask(url: string, query: string, timeMs: number): Promise<ReadonlyMap<string, number>> {
  const body = new URLSearchParams({ query, time: String(timeMs / 1000) });
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
  if (!response.ok) throw new Error(`${query}: ${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as Vector;
  return new Map(
    data.result.map(({ metric, value }) => [seriesText(metric), Number(value[1].replace('Inf', 'Infinity'))]),
  );
}

export function seriesText({ __name__: name = '', ...labels }: Readonly<Record<string, string>>): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((label) => `${label}=${JSON.stringify(labels[label])}`);
  return `${name}{${pairs.join(',')}}`;
}
