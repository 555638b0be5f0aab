/** `sluice keys create`. */
import { DEFAULT_TENANT } from '@sluice/core/names';
import { SCOPE, SCOPES } from '@sluice/platform/keys/api-key';
import { defineCommand, EXIT } from '../command.ts';
import { CommandLineError } from '../command-line-error.ts';
import { DATA_DIR_OPTION } from '../data-dir.ts';
import { nearest } from '../nearest.ts';
import { readNumberOption } from '../parse-command-line.ts';
import { parseDurationMs } from '../parse-duration.ts';
import { createStyle, safeJson } from '../terminal-text.ts';
import { toKeyJson } from './describe-key.ts';
import { renderCreatedKey } from './render-created-key.ts';
import { withKeys } from './with-keys.ts';

export const createKeyCommand = defineCommand({
  operands: 'NAME',
  minOperands: 1,
  maxOperands: 1,
  about: `Makes an API key and prints its secret, this once. The tenant of what is sent with it comes from
the key alone. A pipeline that runs on the directory takes the key within seconds.
Scopes: ${SCOPES.join(', ')}.`,
  options: {
    tenant: {
      type: 'string',
      value: 'TENANT',
      help: `whose data it writes and reads (default ${DEFAULT_TENANT})`,
    },
    scope: {
      type: 'string',
      value: 'SCOPE',
      multiple: true,
      help: `what it may do; may be repeated (default ${SCOPE.ingestWrite})`,
    },
    expires: { type: 'string', value: 'DURATION', help: 'such as 90d (default: never)' },
    rate: { type: 'string', value: 'ITEMS', help: 'items per second (default: unlimited)' },
    burst: {
      type: 'string',
      value: 'ITEMS',
      help: 'items at once after a pause (default: 10 seconds of --rate)',
    },
    'per-day': { type: 'string', value: 'ITEMS', help: 'items per UTC day (default: unlimited)' },
    'data-dir': DATA_DIR_OPTION,
  },
  examples: [
    'sluice keys create "checkout service"',
    'sluice keys create grafana --scope query:read --expires 90d',
    'sluice keys create batch --tenant team-a --rate 5000 --per-day 10000000 --json',
  ],
  async run({ options, positionals, json }, io) {
    const amount = (name: 'rate' | 'burst' | 'per-day'): number | undefined =>
      options[name] === undefined
        ? undefined
        : readNumberOption(name, options[name], { fallback: 0, min: 1, max: 1e12 });
    const [itemsPerSecond, burstItems, itemsPerDay] = [amount('rate'), amount('burst'), amount('per-day')];
    if (burstItems !== undefined && itemsPerSecond === undefined) {
      throw new CommandLineError('--burst needs --rate');
    }
    const expiresInMs =
      options.expires === undefined ? undefined : parseDurationMs('expires', options.expires);
    const scopes = options.scope.length === 0 ? [SCOPE.ingestWrite] : options.scope;
    for (const scope of scopes) checkScope(scope);
    const created = await withKeys({ dataDir: options['data-dir'], create: true }, io, (keys) =>
      keys.create({
        name: positionals[0]!,
        tenant: options.tenant ?? DEFAULT_TENANT,
        scopes,
        limits: {
          ...(itemsPerSecond === undefined ? {} : { itemsPerSecond }),
          ...(burstItems === undefined ? {} : { burstItems }),
          ...(itemsPerDay === undefined ? {} : { itemsPerDay }),
        },
        ...(expiresInMs === undefined ? {} : { expiresAtMs: io.clock.nowMs() + expiresInMs }),
      }),
    );
    io.stdout.write(
      json
        ? `${safeJson({ secret: created.secret, ...toKeyJson(created.key, io.clock.nowMs()) })}\n`
        : renderCreatedKey(created, createStyle(io.stdout, io.env)),
    );
    return EXIT.ok;
  },
});

function checkScope(scope: string): void {
  if (SCOPES.some((known) => known === scope)) return;
  const meant = nearest(scope, SCOPES);
  throw new CommandLineError(
    `--scope ${JSON.stringify(scope)} is not one of ${SCOPES.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}
