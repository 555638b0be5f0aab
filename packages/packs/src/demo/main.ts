/** `npm run demo`: the door of the demo. */
import { UsageError } from '@sluice/core/errors';
import { systemClock } from '@sluice/core/ports/clock';
import { checkEndpoint } from './check-endpoint.ts';
import { runDemo } from './demo.ts';
import { DEMO_HELP, parseDemoOptions } from './demo-options.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

try {
  const options = parseDemoOptions(process.argv.slice(2), {
    env: process.env,
    drawSeed: () => Math.floor(Math.random() * 2 ** 32),
  });
  if (options === 'help') process.stdout.write(DEMO_HELP);
  else {
    await checkEndpoint(options.endpoint, { headers: options.headers, fetch });
    const { failed } = await runDemo(options, {
      clock: systemClock,
      signal: stop.signal,
      print: (line) => void process.stdout.write(`${line}\n`),
    });
    if (failed.spans + failed.logs + failed.points > 0) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
