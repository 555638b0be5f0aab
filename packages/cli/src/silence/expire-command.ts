/** `sluice silence expire`. */
import { createAlertmanagerClient, URL_OPTION } from '../alerts/alertmanager-client.ts';
import { defineCommand, EXIT } from '../command.ts';
import { safeJson, safeText } from '../terminal-text.ts';

export const expireSilenceCommand = defineCommand({
  operands: 'ID…',
  minOperands: 1,
  maxOperands: Number.POSITIVE_INFINITY,
  about: 'Ends silences now. Needs a key with the scope alerts:write.',
  options: { url: URL_OPTION },
  examples: ['sluice silence expire 5f1f6f1e-0c35-4c66-8f4e-6f2f5a3f1b7a'],
  async run({ options, positionals, json }, io) {
    const client = createAlertmanagerClient(io, options.url);
    for (const id of positionals) {
      await client.call('DELETE', `/silence/${encodeURIComponent(id)}`);
      if (!json) io.stdout.write(`silence ${safeText(id)} has ended\n`);
    }
    if (json) io.stdout.write(`${safeJson({ expired: positionals })}\n`);
    return EXIT.ok;
  },
});
