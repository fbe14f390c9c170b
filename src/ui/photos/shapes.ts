// The shapes that photos are laid out with. Never: a shape measured from a loaded picture, which would make rows jump.
import type { ItemSummary } from '../api/types.ts';
import type { Pictured } from './layout.ts';

const USUAL = 1.5;

/** "2024-07" of a camera's local time; "" when nobody knows. */
export function monthOf(taken_at: string | null): string {
  return /^\d{4}-\d{2}/.exec(taken_at ?? '')?.[0] ?? '';
}

/** Width over height; the usual shape for a photo that could not be read. */
function ratioOf(item: Pick<ItemSummary, 'width' | 'height'>): number {
  return item.width && item.height ? item.width / item.height : USUAL;
}

/** The photos as the layout needs them, in the same order. */
export function shaped(items: readonly Pick<ItemSummary, 'width' | 'height' | 'taken_at'>[]): Pictured[] {
  return items.map((item) => ({ ratio: ratioOf(item), month: monthOf(item.taken_at) }));
}
