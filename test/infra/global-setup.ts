/** The platform is there before the first test needs it. */
import { ensurePlatform } from './sst-platform.ts';

export function setup(): void {
  ensurePlatform();
}
