/** `sluice audit hold`. */
import type { Hold } from '@sluice/audit/keep/holds';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { createAuditClient } from './audit-client.ts';

export const holdAuditCommand = defineCommand({
  operands: '[ID]',
  maxOperands: 1,
  about: `Legal holds: events under one outlive their retention, and who is named in one cannot be erased. Without
ID it lists them; with ID and --reason it places one, with ID and --release it ends one. Without
--actor, --target, --type, --from or --to a hold keeps everything. Needs a key with the scope admin.`,
  options: {
    reason: { type: 'string', value: 'TEXT', help: 'why; part of the record' },
    actor: {
      type: 'string',
      value: 'ID',
      multiple: true,
      help: 'only events of this actor; may be repeated',
    },
    target: {
      type: 'string',
      value: 'ID',
      multiple: true,
      help: 'only events on this target; may be repeated',
    },
    type: {
      type: 'string',
      value: 'TYPE',
      multiple: true,
      help: 'only events of this type; may be repeated',
    },
    from: { type: 'string', value: 'TIME', help: 'only events from then on' },
    to: { type: 'string', value: 'TIME', help: 'only events before' },
    release: { type: 'boolean', help: 'ends the hold' },
  },
  examples: [
    'sluice audit hold',
    'sluice audit hold case-7 --reason "litigation, file 7" --actor user123',
    'sluice audit hold case-7 --release',
  ],
  async run({ options, positionals, json }, io) {
    const [id] = positionals;
    const { reason, actor, target, type, from, to, release } = options;
    const client = createAuditClient(io);
    const show = (value: unknown, text: string): number => {
      io.stdout.write(json ? `${safeJson(value)}\n` : text);
      return EXIT.ok;
    };
    if (id === undefined) {
      if (reason !== undefined || release) throw new CommandLineError('which hold? Give an ID');
      const { holds } = await client.call<{ holds: readonly Hold[] }>('GET', '/holds');
      return show(holds, renderHolds(holds, createStyle(io.stdout, io.env)));
    }
    const path = `/holds/${encodeURIComponent(id)}`;
    if (release) return show(await client.call('DELETE', path), `hold ${safeText(id)} is released\n`);
    if (reason === undefined) throw new CommandLineError('--reason is missing: a hold is placed with one');
    const lists = Object.entries({ actors: actor, targets: target, types: type }).filter(
      ([, list]) => list.length > 0,
    );
    const hold = await client.call<Hold>('PUT', path, {
      reason,
      ...Object.fromEntries(lists),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
    return show(hold, `hold ${safeText(id)} is placed\n`);
  },
});

function renderHolds(holds: readonly Hold[], style: ReturnType<typeof createStyle>): string {
  if (holds.length === 0) return 'there are no holds\n';
  const rows = holds.map(({ id, placedAt, reason, scope }) => [
    id,
    placedAt,
    Object.keys(scope).length === 0 ? 'everything' : JSON.stringify(scope),
    reason,
  ]);
  return renderTable([{ title: 'ID' }, { title: 'PLACED' }, { title: 'KEEPS' }, { title: 'REASON' }], rows, {
    style,
  });
}
