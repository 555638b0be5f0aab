/** `sluice audit rotate-key`. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_KEY_NAME, encodeVerifierKey } from '@sluice/audit/checkpoint';
import { readEarlierKeys } from '@sluice/audit/earlier-keys';
import { UsageError } from '@sluice/core/errors';
import { DATA_FILE } from '@sluice/core/names';
import { openSigningKeyFile } from '@sluice/platform/embedded/key-files';
import { defineCommand, EXIT } from '../command.ts';
import { DATA_DIR_OPTION, dataDirOf } from '../data-dir.ts';
import { safeJson } from '../terminal-text.ts';

const OWNER_ONLY = 0o600;

export const rotateAuditKeyCommand = defineCommand({
  maxOperands: 0,
  about: `Makes a new key that signs the checkpoints of the audit trail in a data directory. The public half of
the one before is kept: what it sealed still proves, but nothing from the first checkpoint of the new one
on. A pipeline that runs takes it up when it is started again. On AWS the key is in KMS: count up
SLUICE_AUDIT_KEY_GENERATION and deploy.`,
  options: { 'data-dir': DATA_DIR_OPTION },
  examples: ['sluice audit rotate-key', 'sluice audit rotate-key --data-dir /var/lib/sluice'],
  async run({ options, json }, io) {
    const dir = dataDirOf(options['data-dir'], io);
    const path = join(dir, DATA_FILE.auditSigningKey);
    if (!existsSync(path))
      throw new UsageError(
        `there is no ${DATA_FILE.auditSigningKey} in ${dir}: the pipeline makes the first`,
      );
    const listPath = join(dir, DATA_FILE.auditEarlierKeys);
    const before = openSigningKeyFile(path, AUDIT_KEY_NAME);
    const earlier = [before, ...readEarlierKeys(listPath, before)].map(encodeVerifierKey);
    // Listed before it is replaced: whenever this breaks off, no checkpoint is left without its key.
    replaceFile(listPath, `${earlier.join('\n')}\n`);
    const draft = `${path}.next`;
    rmSync(draft, { force: true });
    const key = encodeVerifierKey(openSigningKeyFile(draft, AUDIT_KEY_NAME));
    renameSync(draft, path);
    io.stdout.write(
      json
        ? `${safeJson({ key, earlier })}\n`
        : `new key   ${key}\n${earlier.map((line) => `earlier   ${line}\n`).join('')}It signs from the next start of the pipeline on.\n`,
    );
    return EXIT.ok;
  },
});

/** All or nothing. */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.next`;
  writeFileSync(draft, text, { mode: OWNER_ONLY, flush: true });
  renameSync(draft, path);
}
