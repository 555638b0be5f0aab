/** `npm start`: the whole pipeline in one process, with one data directory and nothing but Node. */
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: from the second start on, nothing is compiled again.
enableCompileCache();
const { runLocal } = await import('./local/run-local.ts');

await runLocal({
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
  onSignal: (stop) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, stop);
  },
  exit: (code) => process.exit(code),
});
