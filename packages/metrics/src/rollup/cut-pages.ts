/**
 * Entries into pages: sorted by family, small families together, a large one in pages of its own. A reader
 * that knows the first family of every page finds the pages of any family, and reads little else.
 */
import { encodePage } from './encode-page.ts';
import { type Families, familyOf, type RollupEntry } from './rollup-entry.ts';
import type { RollupSettings } from './rollup-settings.ts';

export interface CutPage {
  readonly firstFamily: string;
  readonly bytes: Uint8Array;
}

type PageSizes = Pick<RollupSettings, 'pageBytes' | 'maxPageBytes'>;

export function cutPages(
  entries: readonly RollupEntry[],
  families: Families,
  sizes: PageSizes,
): readonly CutPage[] {
  const pages: CutPage[] = [];
  const emit = (part: readonly RollupEntry[]): void => {
    if (part.length === 0) return;
    const bytes = encodePage(part, families);
    if (bytes.length <= sizes.maxPageBytes || part.length === 1) {
      pages.push({ firstFamily: familyOf(part[0]!), bytes });
      return;
    }
    const perFamily = byFamily(part);
    const middle = part.length >> 1;
    // Never across a family's border: `pagesOf` relies on it.
    for (const half of perFamily.length > 1 ? perFamily : [part.slice(0, middle), part.slice(middle)]) {
      emit(half);
    }
  };
  let open: RollupEntry[] = [];
  let openBytes = 0;
  for (const family of byFamily(entries)) {
    const bytes = family.reduce((sum, entry) => sum + estimateBytes(entry), 0);
    if (openBytes > 0 && openBytes + bytes > sizes.pageBytes) {
      emit(open);
      open = [];
      openBytes = 0;
    }
    open.push(...family);
    openBytes += bytes;
  }
  emit(open);
  return pages;
}

/** Indexes of the pages that may hold a family: those that begin with it, else the one it lies in. */
export function pagesOf(firstFamilies: readonly string[], family: string): readonly number[] {
  const own = firstFamilies.flatMap((first, i) => (first === family ? [i] : []));
  if (own.length > 0) return own;
  const after = firstFamilies.findIndex((first) => compareTexts(first, family) > 0);
  const last = after === -1 ? firstFamilies.length - 1 : after - 1;
  return last < 0 ? [] : [last];
}

/** Families in order; within one, series in order and the generations of a series from old to new. */
function byFamily(entries: readonly RollupEntry[]): readonly (readonly RollupEntry[])[] {
  const families = new Map<string, RollupEntry[]>();
  for (const entry of entries) {
    const name = familyOf(entry);
    const family = families.get(name);
    if (family === undefined) families.set(name, [entry]);
    else family.push(entry);
  }
  return [...families.entries()]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([, family]) => family.sort((a, b) => compareTexts(a.key, b.key)));
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Close enough to decide where to cut: two bytes a level, and labels of which half repeat. */
function estimateBytes(entry: RollupEntry): number {
  const columns = entry.kind === 'histogram' ? entry.points.length + 2 : 1;
  const slots = 'at' in entry ? entry.at.length : entry.slots + 1;
  return 2 * columns * slots + (entry.key.length >> 1);
}
