/** `sluice audit export`. */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { UsageError } from '@sluice/core/errors';
import { HEADER } from '@sluice/core/names';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { readChoiceOption } from '../parse-command-line.ts';
import { formatBytes } from '../quantity.ts';
import { safeJson } from '../terminal-text.ts';
import { createAuditClient } from './audit-client.ts';
import { FILTER_OPTIONS, toParameters } from './filter-options.ts';

const FORMATS = ['jsonl', 'csv', 'ocsf'] as const;

export const exportAuditCommand = defineCommand({
  operands: 'FILE',
  minOperands: 1,
  maxOperands: 1,
  about: `Writes events of the audit trail to FILE, and to FILE.manifest.json what the file holds: filter, size of
the log, newest checkpoint, public key and SHA-256. Of format jsonl the file proves itself ("sluice
audit verify FILE --key …"): what the filter leaves out is there as hashes. csv is for spreadsheets,
ocsf for a SIEM. "-" is standard output.`,
  options: {
    ...FILTER_OPTIONS,
    format: { type: 'string', value: FORMATS.join('|'), help: 'default jsonl' },
    force: { type: 'boolean', help: 'overwrites FILE' },
  },
  examples: [
    'sluice audit export trail.jsonl',
    'sluice audit export logins.csv --format csv --type USER_LOGIN --since 30d',
    'sluice audit export - --format ocsf | jq .class_uid',
  ],
  async run({ options, positionals, json }, io) {
    const name = positionals[0]!;
    const format = readChoiceOption('format', options.format, FORMATS) ?? 'jsonl';
    const parameters = toParameters(options, io.clock.nowMs());
    parameters.set('format', format);
    const path = resolve(io.cwd, name);
    const isFile = name !== '-';
    if (isFile && !options.force && existsSync(path))
      throw new CommandLineError(`${name} is there already: give another FILE, or --force`);
    const response = await createAuditClient(io).open(`/export?${parameters}`);
    const sha256 = createHash('sha256');
    let bytes = 0;
    const file = isFile ? createWriteStream(path, { mode: 0o600 }) : undefined;
    const failed = file === undefined ? undefined : finished(file);
    failed?.catch(() => {});
    try {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        sha256.update(chunk);
        bytes += chunk.length;
        if (file === undefined) io.stdout.write(decoder.decode(chunk, { stream: true }));
        else if (!file.write(chunk))
          await Promise.race([new Promise<void>((drained) => file.once('drain', () => drained())), failed]);
      }
      file?.end();
      await failed;
    } catch (cause) {
      file?.destroy();
      throw new UsageError(`the export broke off after ${formatBytes(bytes)}: ${name} is not whole`, {
        cause,
      });
    }
    if (!isFile) return EXIT.ok;
    const held = Buffer.from(response.headers.get(HEADER.auditManifest) ?? '', 'base64url').toString();
    const manifest = {
      file: name,
      bytes,
      sha256: sha256.digest('hex'),
      ...(JSON.parse(held || '{}') as object),
    };
    await writeFile(`${path}.manifest.json`, `${safeJson(manifest)}\n`, { mode: 0o600 });
    io.stdout.write(
      json ? `${safeJson(manifest)}\n` : `wrote ${name} (${formatBytes(bytes)}) and ${name}.manifest.json\n`,
    );
    return EXIT.ok;
  },
});
