/** The resources as text: one a line, in an order that does not depend on how the program ran. */
import type { RecordedResource } from './recorder.ts';

/** Of the platform itself, or what follows from the code and would change with every line of it. */
const LEFT_OUT = /^(pulumi:|random:|sst:|aws:s3\/)/;

export function renderSnapshot(resources: readonly RecordedResource[]): string {
  const lines = resources
    .filter(({ type }) => !LEFT_OUT.test(type))
    .map(
      ({ type, name, inputs }) =>
        `${type.split(':').slice(0, 2).join(':')} ${name} ${JSON.stringify(sorted(inputs))}`,
    );
  return `${lines.sort().join('\n')}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => inner !== undefined && key !== 's3Key' && key !== 'SST_KEY')
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
