/** `sluice dlq list`. */
import { type DeadMessage, listDeadLetters } from '@sluice/delivery/dead-letters';
import { defineCommand, EXIT } from '../command.ts';
import { formatCount, formatDuration, plural } from '../quantity.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { type QueueLabel, SELECTION_OPTIONS, toFilter, withDeadLetters } from './dead-letter-queues.ts';

interface Found extends DeadMessage {
  readonly signal: QueueLabel;
}

/** Dead letters of one queue with one reason. */
interface Group {
  readonly signal: QueueLabel;
  readonly reason: string;
  readonly sink: string | null;
  readonly messages: number;
  readonly items: number;
  readonly tenants: readonly string[];
  readonly oldestAt: string;
  readonly newestAt: string;
  readonly exampleId: string;
}

const SHOWN_ID_CHARS = 12;

export const listDeadLettersCommand = defineCommand({
  about: `Lists what could not be delivered, grouped by queue and reason, the largest group first; with --each,
one by one. Nothing is changed: a listing hides messages from others for a moment only.`,
  options: {
    ...SELECTION_OPTIONS,
    each: { type: 'boolean', help: 'one line per message, with its id' },
  },
  examples: ['sluice dlq list', 'sluice dlq list --queue traces --reason "too large" --each'],
  async run({ options, json }, io) {
    const filter = toFilter(options);
    const found = await withDeadLetters(options, io, async (queues) => {
      const all: Found[] = [];
      for (const { signal, deadLetter } of queues) {
        const messages = await listDeadLetters(deadLetter, { signal: io.signal, ...(filter && { filter }) });
        all.push(...messages.map((message) => ({ signal, ...message })));
      }
      return all;
    });
    const groups = groupByReason(found);
    if (json) {
      io.stdout.write(
        `${safeJson({ messages: found.length, groups, ...(options.each && { each: found.map(toJson) }) })}\n`,
      );
      return EXIT.ok;
    }
    if (found.length === 0) {
      io.stdout.write('There are no dead letters.\n');
      return EXIT.ok;
    }
    const style = createStyle(io.stdout, io.env);
    const nowMs = io.clock.nowMs();
    io.stdout.write(
      options.each ? renderEach(found, { style, nowMs }) : renderGroups(groups, { style, nowMs }),
    );
    io.stdout.write(
      `${plural(found.length, 'message')}. "sluice dlq show ID" shows one, "sluice dlq redrive" sends them round again.\n`,
    );
    return EXIT.ok;
  },
});

function groupByReason(found: readonly Found[]): readonly Group[] {
  const byReason = Map.groupBy(found, ({ signal, reason, sink }) => JSON.stringify([signal, reason, sink]));
  return [...byReason.values()]
    .map((members): Group => {
      const [first] = members;
      const times = members.map(({ deadAtMs }) => deadAtMs);
      return {
        signal: first!.signal,
        reason: first!.reason,
        sink: first!.sink ?? null,
        messages: members.length,
        items: members.reduce((sum, { facts }) => sum + (facts?.items ?? 0), 0),
        tenants: [...new Set(members.flatMap(({ facts }) => facts?.tenant ?? []))].sort(),
        oldestAt: new Date(times.reduce((a, b) => Math.min(a, b))).toISOString(),
        newestAt: new Date(times.reduce((a, b) => Math.max(a, b))).toISOString(),
        exampleId: first!.id.slice(0, SHOWN_ID_CHARS),
      };
    })
    .sort((a, b) => b.messages - a.messages);
}

function toJson({ signal, id, reason, source, sink, deadAtMs, facts }: Found) {
  return {
    id,
    signal,
    reason,
    source,
    sink: sink ?? null,
    tenant: facts?.tenant ?? null,
    items: facts?.items ?? null,
    deadAt: new Date(deadAtMs).toISOString(),
  };
}

interface RenderContext {
  readonly style: ReturnType<typeof createStyle>;
  readonly nowMs: number;
}

function renderGroups(groups: readonly Group[], { style, nowMs }: RenderContext): string {
  return renderTable(
    [
      { title: 'QUEUE' },
      { title: 'MESSAGES', align: 'right' },
      { title: 'ITEMS', align: 'right' },
      { title: 'OLDEST' },
      { title: 'ONLY FOR' },
      { title: 'EXAMPLE' },
      { title: 'REASON' },
    ],
    groups.map(({ signal, messages, items, oldestAt, sink, exampleId, reason }) => [
      signal,
      formatCount(messages),
      formatCount(items),
      formatDuration(nowMs - Date.parse(oldestAt)),
      sink ?? '-',
      exampleId,
      reason,
    ]),
    { style },
  );
}

function renderEach(found: readonly Found[], { style, nowMs }: RenderContext): string {
  return renderTable(
    [
      { title: 'ID' },
      { title: 'QUEUE' },
      { title: 'TENANT' },
      { title: 'ITEMS', align: 'right' },
      { title: 'AGE' },
      { title: 'REASON' },
    ],
    found.map(({ id, signal, facts, deadAtMs, reason }) => [
      id.slice(0, SHOWN_ID_CHARS),
      signal,
      facts?.tenant ?? '-',
      facts === undefined ? '-' : formatCount(facts.items),
      formatDuration(nowMs - deadAtMs),
      reason,
    ]),
    { style },
  );
}
