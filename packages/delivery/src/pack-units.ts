/** Fills pushes up to the size that a sink takes, in order; a unit that is larger on its own goes alone. */
import type { Unit } from './unit.ts';

export function packUnits(units: readonly Unit[], maxRawBytes: number): readonly (readonly Unit[])[] {
  const packs: Unit[][] = [];
  let room = 0;
  for (const unit of units) {
    if (packs.length === 0 || unit.rawBytes > room) {
      packs.push([]);
      room = maxRawBytes;
    }
    packs.at(-1)!.push(unit);
    room -= unit.rawBytes;
  }
  return packs;
}
