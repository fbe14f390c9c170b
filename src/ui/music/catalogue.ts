// Asks the box for everything in an artist or album, page after page. Never: more pages at once.
import { api } from '../api/client.ts';
import type { ItemKind, ItemSummary } from '../api/types.ts';

const PAGE = 500;
// A runaway list must not fill the memory of a phone.
const MOST_PAGES = 20;

type Sort = 'number' | 'year' | 'title';

/** All items directly in `parent`, in order. */
export async function childrenOf(parent: string, kind: ItemKind, sort: Sort, signal?: AbortSignal): Promise<ItemSummary[]> {
  const all: ItemSummary[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await api.get('items', { query: { parent, kind, sort, limit: PAGE, cursor }, signal });
    all.push(...answer.items);
    if (!answer.next) break;
    cursor = answer.next;
  }
  return all;
}

/** Tracks by disc, in order; one group without a number when there is only one disc. */
export function discs(tracks: readonly ItemSummary[]): { disc: number | null; tracks: ItemSummary[] }[] {
  const numbers = [...new Set(tracks.map((track) => track.disc_number ?? 1))].sort((a, b) => a - b);
  if (numbers.length <= 1) return tracks.length > 0 ? [{ disc: null, tracks: [...tracks] }] : [];
  return numbers.map((disc) => ({ disc, tracks: tracks.filter((track) => (track.disc_number ?? 1) === disc) }));
}

/** The length of all tracks together. */
export function totalMs(tracks: readonly ItemSummary[]): number {
  return tracks.reduce((sum, track) => sum + (track.duration_ms ?? 0), 0);
}
