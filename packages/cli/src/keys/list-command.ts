/** `sluice keys list`. */
import { defineCommand, EXIT } from '../command.ts';
import { DATA_DIR_OPTION } from '../data-dir.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { renderTable } from '../text-table.ts';
import { formatLimits, formatTime, stateOf, toKeyJson } from './describe-key.ts';
import { withKeys } from './with-keys.ts';

export const listKeysCommand = defineCommand({
  about: 'Lists the API keys, newest first. Secrets are not stored, so none are shown.',
  options: {
    tenant: { type: 'string', value: 'TENANT', help: 'only keys of this tenant' },
    'data-dir': DATA_DIR_OPTION,
  },
  examples: ['sluice keys list --tenant team-a'],
  async run({ options, json }, io) {
    const keys = await withKeys({ dataDir: options['data-dir'], create: true }, io, (store) =>
      store.list(options.tenant),
    );
    const nowMs = io.clock.nowMs();
    if (json) {
      io.stdout.write(`${safeJson(keys.map((key) => toKeyJson(key, nowMs)))}\n`);
      return EXIT.ok;
    }
    if (keys.length === 0) {
      io.stdout.write('There are no keys. "sluice keys create NAME" makes one.\n');
      return EXIT.ok;
    }
    const style = createStyle(io.stdout, io.env);
    io.stdout.write(
      renderTable(
        ['ID', 'NAME', 'TENANT', 'STATE', 'SCOPES', 'EXPIRES', 'LAST USED', 'LIMITS'].map((title) => ({
          title,
        })),
        keys.map((key) => [
          key.id,
          key.name,
          key.tenant,
          stateOf(key, nowMs),
          key.scopes.join(','),
          formatTime(key.expiresAtMs),
          key.lastUsedDay ?? 'never',
          formatLimits(key.limits),
        ]),
        {
          style,
          paint(cell, { row, column }) {
            if (column !== 3) return cell;
            return stateOf(keys[row]!, nowMs) === 'active' ? style.green(cell) : style.yellow(cell);
          },
        },
      ),
    );
    return EXIT.ok;
  },
});
