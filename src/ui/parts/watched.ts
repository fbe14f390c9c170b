// Marks items as watched or not, and takes it back. Never: forgets how far someone was without a way to undo it.
import { api } from '../api/client.ts';
import type { ItemSummary } from '../api/types.ts';
import { toast } from '../frame/toasts.svelte.ts';
import { sentence } from '../frame/words.ts';
import { t } from '../words/words.svelte.ts';

type Marked = Pick<ItemSummary, 'id' | 'title' | 'progress'>;

async function restore(item: Marked): Promise<void> {
  const path = { id: item.id };
  const was = item.progress;
  if (was === null) await api.delete('items/{id}/progress', { path });
  else await api.put('items/{id}/progress', { path, body: { position_ms: was.position_ms, watched: was.watched } });
}

/**
 * Marks an item, or everything below it. `before` is what undo brings back: the item itself, or the
 * episodes of a season as they were. `changed` runs after each change that reached the box.
 */
export async function markWatched(item: Marked, watched: boolean, before: Marked[], changed: () => void): Promise<void> {
  try {
    await api.put('items/{id}/progress', { path: { id: item.id }, body: { position_ms: 0, watched } });
    changed();
    const undo = async () => {
      try {
        for (const each of before) await restore(each);
      } catch (cause) {
        toast(sentence(cause), { kind: 'error' });
      }
      changed();
    };
    toast(watched ? t.item.watchedNow(item.title) : t.item.unwatchedNow(item.title), {
      action: { label: t.frame.undo, run: undo },
    });
  } catch (cause) {
    toast(sentence(cause), { kind: 'error' });
  }
}
