/**
 * `promisify` without the rest of `node:util`: imported as a module, each of its exports is evaluated, and with it
 * what they load lazily (4 ms of the 50 that a cold start of ingest may take).
 */
export const { promisify } = process.getBuiltinModule('node:util');
