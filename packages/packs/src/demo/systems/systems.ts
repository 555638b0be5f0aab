/** Everything that the demo can play: its own web shop and the five systems. */
import { AI_TEAMS } from './ai-teams.ts';
import { LOOM } from './loom.ts';
import { LYSS } from './lyss.ts';
import { PERFECT21 } from './perfect21.ts';
import type { System } from './system.ts';
import { TITAN } from './titan.ts';

/** By the names that `--only` takes. */
export const SYSTEMS = {
  titan: TITAN,
  perfect21: PERFECT21,
  loom: LOOM,
  'ai-teams': AI_TEAMS,
  lyss: LYSS,
} as const satisfies Record<string, System>;

export type SystemName = keyof typeof SYSTEMS;
export const SYSTEM_NAMES = Object.keys(SYSTEMS) as readonly SystemName[];

export const SHOP = 'shop';
export type PlayName = SystemName | typeof SHOP;
export const PLAY_NAMES: readonly PlayName[] = [SHOP, ...SYSTEM_NAMES];
