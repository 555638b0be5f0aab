/**
 * Loaded before a function (`--import`): its clock goes ahead of the machine's by what a file says, in milliseconds,
 * read anew with every event. So a function lives years later without anybody waiting for it.
 */
import { readFileSync } from 'node:fs';

const file = process.env.HARNESS_CLOCK_FILE ?? '';
const MachineDate = Date;
let aheadMs = 0;

function look(): void {
  aheadMs = Number(readFileSync(file, 'utf8'));
}
const nowMs = (): number => MachineDate.now() + aheadMs;

look();
// Events come as messages of the host; this listener is the first.
process.on('message', look);
globalThis.Date = new Proxy(MachineDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [nowMs()] : args, newTarget) as object,
  apply: () => new MachineDate(nowMs()).toString(),
  get: (target, name, receiver) => (name === 'now' ? nowMs : Reflect.get(target, name, receiver)),
});
