/** `sluice audit verify`: the log of a running pipeline, or an exported bundle without any pipeline. */
import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { verifyBundle } from '@sluice/audit/export/verify-bundle';
import type { Finding } from '@sluice/audit/verify/finding';
import { describeError, UsageError } from '@sluice/core/errors';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import type { Io } from '../io.ts';
import { formatCount } from '../quantity.ts';
import { createStyle, safeJson, safeText } from '../terminal-text.ts';
import { createAuditClient } from './audit-client.ts';
import { readKeys } from './read-keys.ts';

/** What online and offline verification have in common. */
interface Outcome {
  readonly ok: boolean;
  readonly size: number;
  readonly sealedSize: number;
  readonly expired?: number;
  readonly events?: number;
  readonly findings: readonly Finding[];
}

const SHOWN = 20;

export const verifyAuditCommand = defineCommand({
  operands: '[BUNDLE]',
  maxOperands: 1,
  about: `Proves that nothing in the audit trail was changed, removed, put in, reordered or rolled back. Without
BUNDLE the pipeline checks its whole log, look-ups and keys included. With BUNDLE, an export of format
jsonl, the check needs nothing but the file and the public key. Exit codes: 0 proved, 1 tampered with, 2
could not be checked.`,
  options: {
    key: {
      type: 'string',
      value: 'KEY',
      help: 'public key to trust, or a file with one a line, newest first; with BUNDLE',
    },
  },
  examples: [
    'sluice audit verify',
    'sluice audit verify trail.jsonl --key audit.pub',
    'sluice audit verify --json',
  ],
  async run({ options, positionals, json }, io) {
    const [bundle] = positionals;
    if (bundle === undefined && options.key !== undefined)
      throw new CommandLineError('--key goes with a BUNDLE: a pipeline checks with its own key');
    const outcome = bundle === undefined ? await askPipeline(io) : await readBundle(bundle, options.key, io);
    if ('unchecked' in outcome) {
      io.stderr.write(
        `${createStyle(io.stderr, io.env).red('sluice:')} could not be checked: ${safeText(outcome.unchecked)}\n`,
      );
      return EXIT.usage;
    }
    io.stdout.write(json ? `${safeJson(outcome)}\n` : render(outcome, io));
    return outcome.ok ? EXIT.ok : EXIT.failure;
  },
});

/** A pipeline that cannot be asked proves nothing: that is no finding. */
async function askPipeline(io: Io): Promise<Outcome | { readonly unchecked: string }> {
  try {
    return await createAuditClient(io).call<Outcome>('POST', '/verify');
  } catch (error) {
    return { unchecked: error instanceof UsageError ? error.message : describeError(error) };
  }
}

/** @throws CommandLineError */
async function readBundle(name: string, key: string | undefined, { cwd }: Io): Promise<Outcome> {
  if (key === undefined)
    throw new CommandLineError(
      '--key is missing: a bundle proves nothing without a public key from elsewhere (GET /v1/audit/key of the pipeline)',
    );
  const path = resolve(cwd, name);
  if (!existsSync(path)) throw new CommandLineError(`there is no file ${name}`);
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  return verifyBundle(lines, readKeys(key, cwd));
}

function render({ ok, size, sealedSize, expired = 0, events, findings }: Outcome, io: Io): string {
  const style = createStyle(io.stdout, io.env);
  const facts = [
    `${formatCount(size)} events`,
    `${formatCount(sealedSize)} sealed`,
    ...(expired === 0 ? [] : [`${formatCount(expired)} expired`]),
    ...(events === undefined || events === size ? [] : [`${formatCount(events)} with content`]),
  ].join(', ');
  if (ok) return `${style.green('proved')}  ${facts}\n`;
  const lines = findings
    .slice(0, SHOWN)
    .map(
      ({ kind, where, what }) => `  ${style.yellow(kind.padEnd(7))}  ${safeText(where)}: ${safeText(what)}\n`,
    );
  const more =
    findings.length > SHOWN ? `  and ${formatCount(findings.length - SHOWN)} more; --json has all\n` : '';
  return `${style.red('tampered with')}  ${facts}\n${lines.join('')}${more}`;
}
