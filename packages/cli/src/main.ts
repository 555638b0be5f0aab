#!/usr/bin/env node
/** The `sluice` command. */
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: from the second call on, nothing is compiled again.
enableCompileCache();
const [{ createProcessIo }, { run }] = await Promise.all([import('./process-io.ts'), import('./run.ts')]);

process.exitCode = await run(process.argv.slice(2), createProcessIo(process));
