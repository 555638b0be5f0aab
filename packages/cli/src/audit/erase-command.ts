/** `sluice audit erase`. */
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { safeJson, safeText } from '../terminal-text.ts';
import { createAuditClient } from './audit-client.ts';

export const eraseAuditCommand = defineCommand({
  operands: 'SUBJECT',
  minOperands: 1,
  maxOperands: 1,
  about: `Makes everything personal about an actor unreadable for ever, by destroying the keys it is encrypted
under. What happened, when and with which result stays, and the log still proves itself. It cannot be
undone: --yes is asked for. A hold that names the actor forbids it. Needs a key with the scope admin.`,
  options: { yes: { type: 'boolean', help: 'it is meant' } },
  examples: ['sluice audit erase user123 --yes'],
  async run({ options, positionals, json }, io) {
    const subject = positionals[0]!;
    if (!options.yes) throw new CommandLineError(`to erase ${JSON.stringify(subject)} for ever, add --yes`);
    const erasure = await createAuditClient(io).call<{ keys: number }>('POST', '/erase', { subject });
    io.stdout.write(
      json ? `${safeJson(erasure)}\n` : `${safeText(subject)} is erased: ${erasure.keys} keys destroyed\n`,
    );
    return EXIT.ok;
  },
});
