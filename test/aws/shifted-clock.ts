/**
 * Loaded before a function (`--import`): its clock goes ahead of the machine's by what a file says, 8 bytes of
 * milliseconds, read whenever it is asked. So a function lives years later without anybody waiting for it, and one
 * that was frozen meanwhile knows.
 */
import { openSync, readSync } from 'node:fs';

const file = openSync(process.env.HARNESS_CLOCK_FILE ?? '', 'r');
const aheadMs = new Float64Array(1);
const MachineDate = Date;

function nowMs(): number {
  readSync(file, aheadMs, 0, aheadMs.byteLength, 0);
  return MachineDate.now() + aheadMs[0]!;
}

globalThis.Date = new Proxy(MachineDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget) as object,
  apply: () => new MachineDate(nowMs()).toString(),
  get: (target, name, receiver) => (name === 'now' ? nowMs : Reflect.get(target, name, receiver)),
});
