// The words that belong to an item: its second line, its number, its length. Never: markup.
import type { ItemSummary } from '../api/types.ts';
import { date, duration, number } from '../words/format.ts';
import { t } from '../words/words.svelte.ts';

/** "S2 E5" or "S2 E5–6"; null for what is no episode. */
export function episodeCode(item: ItemSummary): string | null {
  if (item.episode_number === null) return null;
  const last = item.episode_number_end;
  const range = last !== null && last > item.episode_number ? `${item.episode_number}–${last}` : `${item.episode_number}`;
  return t.tile.numbered(item.season_number ?? 1, range);
}

/** The quiet line below a title on a tile. What tells apart items of one title comes first: a narrow tile cuts the rest. */
export function secondLine(item: ItemSummary): string {
  switch (item.kind) {
    case 'episode':
      return [item.series_title, episodeCode(item), item.edition].filter(Boolean).join(' · ');
    case 'series':
      return item.child_count === null
        ? (item.year?.toString() ?? '')
        : [item.year, t.tile.seasons(number(item.child_count), item.child_count === 1)].filter(Boolean).join(' · ');
    case 'season':
      return item.child_count === null ? '' : t.tile.episodes(number(item.child_count), item.child_count === 1);
    case 'album':
    case 'track':
      return [item.artist, item.kind === 'album' ? item.year : item.album].filter(Boolean).join(' · ');
    case 'home_video':
      return [item.edition, item.taken_at ? date(item.taken_at) : item.year, item.duration_ms && duration(item.duration_ms)]
        .filter(Boolean)
        .join(' · ');
    case 'photo':
      return item.taken_at ? date(item.taken_at) : '';
    default:
      return [item.edition, item.year].filter(Boolean).join(' · ');
  }
}

/** How much of an item was watched, 0 to 1; null when it was not started or is done. */
export function watchedShare(item: ItemSummary): number | null {
  const progress = item.progress;
  if (!progress || progress.watched || !item.duration_ms || progress.position_ms <= 0) return null;
  return Math.min(1, progress.position_ms / item.duration_ms);
}

/** How well a title answers a search: 0 begins with it, 1 has a word that does, 2 contains it, 3 was found elsewhere. */
export function rank(title: string, query: string): number {
  const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const [have, want] = [plain(title), plain(query)];
  if (have.startsWith(want)) return 0;
  if (have.includes(` ${want}`)) return 1;
  return have.includes(want) ? 2 : 3;
}
