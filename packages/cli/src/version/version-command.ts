/** `sluice version`. */
import manifest from '../../package.json' with { type: 'json' };
import { defineCommand, EXIT } from '../command.ts';
import { safeJson } from '../terminal-text.ts';

export const versionCommand = defineCommand({
  about: 'Prints the version of Sluice and of the Node that runs it.',
  options: {},
  examples: ['sluice version --json'],
  run({ json }, io) {
    const { version } = manifest;
    const node = process.versions.node;
    io.stdout.write(json ? `${safeJson({ version, node })}\n` : `sluice ${version} (node ${node})\n`);
    return Promise.resolve(EXIT.ok);
  },
});
