/** What every process and machine tells of itself, under the names of Prometheus' client libraries and node exporter. */
import { around, times } from './amounts.ts';
import { type Amount, amountAt, type Effect, type MetricSpec } from './system.ts';

const MIB = 1024 * 1024;

export const PROCESS_METRICS = {
  process_resident_memory_bytes: { kind: 'gauge', help: 'Resident memory', unit: 'By' },
  process_virtual_memory_bytes: { kind: 'gauge', help: 'Virtual memory', unit: 'By' },
  process_cpu_seconds_total: { kind: 'counter', help: 'Processor time of user and system', unit: 's' },
} as const satisfies Record<string, MetricSpec>;

export function processUsage(usage: {
  readonly residentMib: Amount;
  readonly cores: Amount;
}): readonly Effect[] {
  const bytes = times(around(usage.residentMib, 0.01), MIB);
  return [
    ['process_resident_memory_bytes', {}, bytes],
    ['process_virtual_memory_bytes', {}, (moment) => 3 * amountAt(usage.residentMib, moment) * MIB],
    ['process_cpu_seconds_total', {}, around(usage.cores, 0.2)],
  ];
}

export const NODE_METRICS = {
  node_memory_MemTotal_bytes: { kind: 'gauge', help: 'Memory of the machine', unit: 'By' },
  node_memory_MemAvailable_bytes: { kind: 'gauge', help: 'Memory that can be had', unit: 'By' },
  node_cpu_seconds_total: { kind: 'counter', help: 'Processor time by mode', unit: 's' },
  node_load1: { kind: 'gauge', help: 'Mean number of runnable processes in a minute' },
} as const satisfies Record<string, MetricSpec>;

export interface NodeShape {
  readonly memoryMib: number;
  readonly cpus: number;
  /** Shares, 0 to 1. */
  readonly memoryUsed: Amount;
  readonly cpuUsed: Amount;
}

export function nodeUsage({ memoryMib, cpus, memoryUsed, cpuUsed }: NodeShape): readonly Effect[] {
  const clamp =
    (amount: Amount): Amount =>
    (moment) =>
      Math.min(1, Math.max(0, amountAt(amount, moment)));
  const used = clamp(cpuUsed);
  const ofMode = (share: number): Amount => times(used, share);
  return [
    ['node_memory_MemTotal_bytes', {}, memoryMib * MIB],
    [
      'node_memory_MemAvailable_bytes',
      {},
      (moment) => memoryMib * MIB * (1 - amountAt(clamp(memoryUsed), moment)),
    ],
    ['node_load1', {}, around(times(used, cpus), 0.1)],
    ...Array.from({ length: cpus }, (_, cpu): readonly Effect[] => [
      ['node_cpu_seconds_total', { cpu: String(cpu), mode: 'user' }, ofMode(0.8)],
      ['node_cpu_seconds_total', { cpu: String(cpu), mode: 'system' }, ofMode(0.2)],
      ['node_cpu_seconds_total', { cpu: String(cpu), mode: 'idle' }, (m) => 1 - amountAt(used, m)],
    ]).flat(),
  ];
}
