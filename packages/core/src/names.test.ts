import { expect, test } from 'vitest';
import { ATTRIBUTE, deadLetterName, ENV, HEADER, METRIC, QUEUE } from './names.ts';

test.each([
  [QUEUE.traces, 'traces-dead'],
  [QUEUE.audit, 'audit-dead.fifo'],
])('the dead-letter queue of %s is %s', (queue, expected) => {
  expect(deadLetterName(queue)).toBe(expected);
});

test('no two names of a kind are the same, and all have the form that their place asks for', () => {
  const forms = [
    [ATTRIBUTE, /^[a-z_]+$/],
    [HEADER, /^[a-z-]+$/],
    [ENV, /^SLUICE_[A-Z_]+$/],
    [METRIC, /^[a-z]+(_[a-z]+)+$/],
  ] as const;
  for (const [names, form] of forms) {
    const values: readonly string[] = Object.values(names);
    expect(new Set(values).size).toBe(values.length);
    expect(values.filter((value) => !form.test(value))).toEqual([]);
  }
});

test('the attributes of a message leave room within the ten of SQS', () => {
  expect(Object.keys(ATTRIBUTE).length).toBeLessThanOrEqual(10);
});
