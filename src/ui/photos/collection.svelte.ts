// All photos in the order they were taken, loaded page after page and kept while Alcove is open. Never: the pictures themselves.
import { api, isAbort } from '../api/client.ts';
import { news } from '../api/events.svelte.ts';
import type { ItemSummary } from '../api/types.ts';
import { paced } from '../parts/paced.ts';

const FIRST = 120;
const PAGE = 500;

class Collection {
  items = $state.raw<readonly ItemSummary[]>([]);
  complete = $state(false);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  /** The photo looked at last, which the grid comes back to. */
  last: string | null = null;

  #running: AbortController | null = null;
  #stale = true;
  #ending: Promise<void> = Promise.resolve();
  readonly #renew = paced(async () => {
    await this.#ending;
    if (this.#stale && (this.items.length > 0 || this.complete)) await this.#start();
  });

  constructor() {
    news.onItems(() => this.#changed());
    news.onStale(() => this.#changed());
  }

  /** Loads what is not loaded yet; calling it again is free. */
  load = (): void => {
    if (this.loading || (this.complete && !this.#stale)) return;
    void this.#start();
  };

  indexOf(id: string): number {
    return this.items.findIndex((item) => item.id === id);
  }

  #start(): Promise<void> {
    this.#ending = this.#load();
    return this.#ending;
  }

  // What is shown stays until the new list is there as far as the old one was: a scan must not make the page jump.
  async #load(): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    this.error = null;
    this.#stale = false;
    const fresh: ItemSummary[] = [];
    let cursor: string | undefined;
    try {
      do {
        const limit = fresh.length === 0 ? FIRST : PAGE;
        const page = await api.get('items', { query: { kind: 'photo', sort: '-taken', limit, cursor }, signal: running.signal });
        fresh.push(...page.items);
        cursor = page.next ?? undefined;
        if (fresh.length >= this.items.length || !cursor) this.items = [...fresh];
      } while (cursor);
      this.complete = true;
    } catch (cause) {
      if (isAbort(cause)) return;
      this.error = cause;
      this.#stale = true;
    } finally {
      if (this.#running === running) this.loading = false;
    }
  }

  #changed(): void {
    this.#stale = true;
    this.#renew();
  }
}

export const collection = new Collection();
