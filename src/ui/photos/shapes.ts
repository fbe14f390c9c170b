// The shapes of photos as their small pictures showed them, kept in this browser. Never: anything else about a photo.
import type { ItemSummary } from '../api/types.ts';
import type { Pictured } from './layout.ts';

const KEY = 'alcove.photo-shapes';
const USUAL = 1.5;
const MOST = 30_000;
const SAVE_MS = 2_000;

let shapes: Map<string, number> | null = null;
let saving: ReturnType<typeof setTimeout> | undefined;

function known(): Map<string, number> {
  if (shapes) return shapes;
  shapes = new Map();
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    for (const [id, percent] of Object.entries(stored as Record<string, unknown>)) {
      if (typeof percent === 'number' && percent > 0) shapes.set(id, percent / 100);
    }
  } catch {
    // Damaged or forbidden: the shapes are learned again.
  }
  return shapes;
}

/** Width over height; the usual shape for a photo that was never seen. */
export function learned(id: string): number {
  return known().get(id) ?? USUAL;
}

/** Remembers a shape; true when it differs from what the layout assumed. */
export function learn(id: string, width: number, height: number): boolean {
  if (width <= 0 || height <= 0) return false;
  const ratio = Math.round((width / height) * 100) / 100;
  const all = known();
  if (all.get(id) === ratio) return false;
  const before = all.get(id) ?? USUAL;
  all.set(id, ratio);
  clearTimeout(saving);
  saving = setTimeout(save, SAVE_MS);
  return Math.abs(before - ratio) > 0.02;
}

function save(): void {
  const entries = [...known()].slice(-MOST).map(([id, ratio]) => [id, Math.round(ratio * 100)]);
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(entries)));
  } catch {
    // A full store: they are learned again next time.
  }
}

/** "2024-07" of a camera's local time; "" when nobody knows. */
export function monthOf(taken_at: string | null): string {
  return /^\d{4}-\d{2}/.exec(taken_at ?? '')?.[0] ?? '';
}

/** A photo in the layout, with the shape that it was laid out with. */
export interface Shaped extends Pictured {
  id: string;
}

/**
 * The photos as the layout needs them. The first `kept` photos stay as they were laid out in `before`, so that nothing in
 * sight jumps; the others get the shapes learned since.
 */
export function shaped(items: readonly ItemSummary[], before: readonly Shaped[], kept: number): Shaped[] {
  return items.map((item, index) => {
    const old = before[index];
    if (index < kept && old?.id === item.id) return old;
    return { id: item.id, ratio: learned(item.id), month: monthOf(item.taken_at) };
  });
}
