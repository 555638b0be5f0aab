/** Fuzzes in a thread of its own, where no coverage is taken, which would cost half as much again. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FuzzOptions, fuzzReaders } from './fuzz-readers.ts';

// Half the inputs end in an error on four ways, and nobody reads their stacks.
Error.stackTraceLimit = 0;
parentPort!.postMessage(fuzzReaders(workerData as FuzzOptions));
