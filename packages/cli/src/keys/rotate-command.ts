/** `sluice keys rotate`. */
import { defineCommand, EXIT } from '../command.ts';
import { DATA_DIR_OPTION } from '../data-dir.ts';
import { parseDurationMs } from '../parse-duration.ts';
import { formatDuration } from '../quantity.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { toKeyJson } from './describe-key.ts';
import { renderCreatedKey } from './render-created-key.ts';
import { withKeys } from './with-keys.ts';

const GRACE = '24h';

export const rotateKeyCommand = defineCommand({
  operands: 'ID',
  minOperands: 1,
  maxOperands: 1,
  about: `Makes a new key with the rights of an old one and prints its secret, this once. The old one stays
valid for the grace period, so that every client can be changed without a gap.`,
  options: {
    grace: { type: 'string', value: 'DURATION', help: `how long the old key lives on (default ${GRACE})` },
    'data-dir': DATA_DIR_OPTION,
  },
  examples: ['sluice keys rotate 3f1b2c4d5e6f --grace 7d'],
  async run({ options, positionals, json }, io) {
    const graceMs = parseDurationMs('grace', options.grace ?? GRACE);
    const id = positionals[0]!;
    const created = await withKeys({ dataDir: options['data-dir'] }, io, (keys) =>
      keys.rotate(id, { graceMs }),
    );
    if (json) {
      io.stdout.write(
        `${safeJson({ secret: created.secret, replaces: id, ...toKeyJson(created.key, io.clock.nowMs()) })}\n`,
      );
      return EXIT.ok;
    }
    io.stdout.write(renderCreatedKey(created, createStyle(io.stdout, io.env)));
    io.stdout.write(`It takes the place of ${id}, which ends in ${formatDuration(graceMs)} at the latest.\n`);
    return EXIT.ok;
  },
});
