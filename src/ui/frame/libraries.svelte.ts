// The libraries as every page needs them: which kinds exist, and how many items. Never: their files.
import { api } from '../api/client.ts';
import { news } from '../api/events.svelte.ts';
import type { Library, LibraryKind } from '../api/types.ts';
import { paced } from '../parts/paced.ts';

class Libraries {
  all = $state.raw<Library[] | null>(null);
  #asked: Promise<void> | null = null;
  readonly #renew = paced(() => this.load());

  constructor() {
    news.onItems(this.#renew);
    news.onStale(this.#renew);
  }

  /** True when a library of this kind exists, or one with items that are sorted by what they are. */
  has(kind: LibraryKind): boolean {
    return (this.all ?? []).some((each) => each.kind === kind || (each.kind === 'mixed' && each.item_count > 0));
  }

  /** Asks the box; several callers at once share one request. */
  load(): Promise<void> {
    this.#asked ??= (async () => {
      try {
        this.all = await api.get('libraries');
      } finally {
        this.#asked = null;
      }
    })();
    return this.#asked;
  }
}

export const libraries = new Libraries();
