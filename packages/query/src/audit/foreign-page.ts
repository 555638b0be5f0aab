/**
 * Where no key is needed, pages of other origins could erase persons or read the trail; reading it leaves a
 * record as well, so that here, unlike elsewhere, their reading is refused too.
 */
import { hasForeignHost, hasForeignOrigin } from '../foreign-page.ts';

export const FOREIGN_PAGE =
  'without a key the audit trail is open to programs of this machine alone, not to pages of other origins';

export function isForeignPage(request: Request, reader: string): boolean {
  return reader === 'anonymous' && (hasForeignHost(request) || hasForeignOrigin(request));
}
