// Where an item's page is, and what its picture's address is. Never: an address outside the box.
import type { ItemSummary } from '../api/types.ts';

type Named = Pick<ItemSummary, 'id' | 'kind' | 'parent_id' | 'season_number'>;

export function pageOf(item: Named): string {
  switch (item.kind) {
    case 'series':
      return `/series/${item.id}`;
    case 'season':
      return item.parent_id ? `/series/${item.parent_id}?season=${item.season_number ?? 1}` : '/series';
    case 'artist':
      return `/artist/${item.id}`;
    case 'album':
      return `/album/${item.id}`;
    case 'track':
      return item.parent_id ? `/album/${item.parent_id}` : '/music';
    case 'photo':
      return `/photo/${item.id}`;
    default:
      return `/item/${item.id}`;
  }
}

/** The address of a picture in a size, whether or not it already asks for something. */
export function picture(url: string, size: 'small' | 'large'): string {
  return `${url}${url.includes('?') ? '&' : '?'}size=${size}`;
}
