// The box's own news: one event stream that reconnects by itself and says whether the box is reachable.
// Never: polling while the stream is open.
import { API, api } from './client.ts';
import type { Id, Scan } from './types.ts';

export interface ItemsChanged {
  library_id: Id;
  changed: number;
}

type Listener<T> = (news: T) => void;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5_000;
// Shorter interruptions, such as a phone waking up, need no banner.
const QUIET_MS = 2_500;
// The box sends a heartbeat each 15 s; EventSource hides it, so silence is judged by reconnecting when a page returns.

class BoxNews {
  /** True once the box has been unreachable long enough to say so. */
  lost = $state(false);
  scan = $state.raw<Scan | null>(null);

  #source: EventSource | null = null;
  #items = new Set<Listener<ItemsChanged>>();
  #item = new Set<Listener<Id>>();
  #privacy = new Set<Listener<void>>();
  #stale = new Set<Listener<void>>();
  #wait_ms = FIRST_WAIT_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #broken = false;
  #wanted = false;

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#open();
    addEventListener('online', this.retryNow);
    addEventListener('offline', this.#fail);
    document.addEventListener('visibilitychange', this.#woken);
  }

  stop(): void {
    this.#wanted = false;
    this.#close();
    clearTimeout(this.#retry);
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#wait_ms = FIRST_WAIT_MS;
    this.lost = false;
    this.#broken = false;
    this.scan = null;
    removeEventListener('online', this.retryNow);
    removeEventListener('offline', this.#fail);
    document.removeEventListener('visibilitychange', this.#woken);
  }

  /** Calls back when items of a library came, went or changed; returns the way to stop. */
  onItems(listener: Listener<ItemsChanged>): () => void {
    this.#items.add(listener);
    return () => this.#items.delete(listener);
  }

  /** Calls back when one item changed, for instance its position on another device. */
  onItem(listener: Listener<Id>): () => void {
    this.#item.add(listener);
    return () => this.#item.delete(listener);
  }

  /** Calls back when another answer about privacy holds, whoever gave it. */
  onPrivacy(listener: Listener<void>): () => void {
    this.#privacy.add(listener);
    return () => this.#privacy.delete(listener);
  }

  /** Calls back when news were missed, because the box was gone or busy: what is shown may be old. */
  onStale(listener: Listener<void>): () => void {
    this.#stale.add(listener);
    return () => this.#stale.delete(listener);
  }

  retryNow = (): void => {
    clearTimeout(this.#retry);
    if (this.#wanted && this.#source?.readyState !== EventSource.OPEN) this.#open();
  };

  #woken = (): void => {
    if (!document.hidden && this.#broken) this.retryNow();
  };

  #open(): void {
    this.#close();
    const source = new EventSource(`${API}/events`);
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#fail();
    source.addEventListener('scan', (event) => {
      this.scan = JSON.parse((event as MessageEvent<string>).data) as Scan;
    });
    source.addEventListener('items', (event) => {
      const news = JSON.parse((event as MessageEvent<string>).data) as ItemsChanged;
      for (const listener of this.#items) listener(news);
    });
    source.addEventListener('item', (event) => {
      const news = JSON.parse((event as MessageEvent<string>).data) as { id: Id };
      for (const listener of this.#item) listener(news.id);
    });
    source.addEventListener('privacy', () => {
      for (const listener of this.#privacy) listener();
    });
    source.addEventListener('resync', () => this.#missed());
  }

  #opened(): void {
    const wasBroken = this.#broken;
    this.#broken = false;
    this.#wait_ms = FIRST_WAIT_MS;
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.lost = false;
    void this.refreshScan();
    if (wasBroken) this.#missed();
  }

  #missed(): void {
    for (const listener of this.#stale) listener();
  }

  /** Asks once for the state of the scan, because the stream only tells changes. */
  async refreshScan(): Promise<void> {
    try {
      this.scan = await api.get('scan');
    } catch {
      // The pill stays as it was; the stream brings the next state.
    }
  }

  #fail = (): void => {
    this.#close();
    this.#broken = true;
    this.#quiet ??= setTimeout(() => (this.lost = true), QUIET_MS);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#tryAgain(), this.#wait_ms);
    this.#wait_ms = Math.min(this.#wait_ms * 2, LONGEST_WAIT_MS);
  };

  // EventSource does not say why it failed, so an ended login is found by asking for something small first.
  async #tryAgain(): Promise<void> {
    try {
      await api.get('me');
      if (this.#wanted) this.#open();
    } catch {
      if (this.#wanted) this.#fail();
    }
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
  }
}

export const news = new BoxNews();
