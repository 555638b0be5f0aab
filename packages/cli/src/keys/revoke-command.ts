/** `sluice keys revoke`. */
import { defineCommand, EXIT } from '../command.ts';
import { DATA_DIR_OPTION } from '../data-dir.ts';
import { safeJson, safeText } from '../terminal-text.ts';
import { toKeyJson } from './describe-key.ts';
import { withKeys } from './with-keys.ts';

export const revokeKeyCommand = defineCommand({
  operands: 'ID',
  minOperands: 1,
  maxOperands: 1,
  about: 'Ends a key. The pipeline on this machine refuses it within a second.',
  options: { 'data-dir': DATA_DIR_OPTION },
  examples: ['sluice keys revoke 3f1b2c4d5e6f'],
  async run({ options, positionals, json }, io) {
    const key = await withKeys({ dataDir: options['data-dir'] }, io, (keys) => keys.revoke(positionals[0]!));
    io.stdout.write(
      json
        ? `${safeJson(toKeyJson(key, io.clock.nowMs()))}\n`
        : `key ${key.id} (${safeText(key.name)}, tenant ${key.tenant}) is revoked\n`,
    );
    return EXIT.ok;
  },
});
