// Where the reader is: a history router with patterns, memory per history entry, and scroll positions that come back.
// Never: a page's content.

export interface Place {
  path: string;
  query: URLSearchParams;
  /** One value for each history entry; the same again after going back. */
  key: string;
}

/** What a page keeps for the moment the reader comes back to it: its items, its filters. */
export type Memory = Map<string, unknown>;

/** Where the reader was on a page: how far down, and on which link. */
export interface LeftBehind {
  scroll_px: number;
  focus: string | null;
}

interface Kept extends LeftBehind {
  memory: Memory;
}

const KEPT_ENTRIES = 30;

function newKey(): string {
  return Math.random().toString(36).slice(2, 10);
}

function placeNow(): Place {
  const state = history.state as { key?: string } | null;
  return {
    path: location.pathname,
    query: new URLSearchParams(location.search),
    key: state?.key ?? 'first',
  };
}

class Router {
  place = $state.raw<Place>(placeNow());
  /** True when this place was reached by the back or forward button. */
  returned = false;

  #kept = new Map<string, Kept>();
  #depth = 0;

  start(): () => void {
    history.scrollRestoration = 'manual';
    if (!(history.state as { key?: string } | null)?.key) {
      history.replaceState({ key: newKey(), depth: 0 }, '');
    }
    this.#depth = (history.state as { depth?: number }).depth ?? 0;
    this.place = placeNow();
    const back = () => {
      this.#leave();
      this.#depth = (history.state as { depth?: number } | null)?.depth ?? 0;
      this.returned = true;
      this.place = placeNow();
    };
    addEventListener('popstate', back);
    document.addEventListener('click', this.#click);
    return () => {
      removeEventListener('popstate', back);
      document.removeEventListener('click', this.#click);
    };
  }

  go(target: string, how: { replace?: boolean } = {}): void {
    const url = new URL(target, location.href);
    if (url.href === location.href && !how.replace) return;
    this.#leave();
    if (how.replace) {
      history.replaceState({ key: newKey(), depth: this.#depth }, '', url);
    } else {
      this.#depth += 1;
      history.pushState({ key: newKey(), depth: this.#depth }, '', url);
    }
    this.returned = false;
    this.place = placeNow();
  }

  /** Changes the address without leaving the page: filters and sorting that can be sent to someone. */
  describe(query: Record<string, string | null>): void {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(query)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, '', url);
  }

  /** One step back inside Alcove, or to `fallback` when the reader came straight here. */
  back(fallback: string): void {
    if (this.#depth > 0) history.back();
    else this.go(fallback, { replace: true });
  }

  memory(): Memory {
    return this.#of(this.place.key).memory;
  }

  /** What the reader left behind on this page, when coming back to it; the top otherwise. */
  leftBehind(): LeftBehind {
    const kept = this.returned ? this.#kept.get(this.place.key) : undefined;
    return { scroll_px: kept?.scroll_px ?? 0, focus: kept?.focus ?? null };
  }

  #of(key: string): Kept {
    let kept = this.#kept.get(key);
    if (!kept) {
      kept = { memory: new Map(), scroll_px: 0, focus: null };
      this.#kept.set(key, kept);
      const oldest = this.#kept.keys().next().value;
      if (this.#kept.size > KEPT_ENTRIES && oldest !== undefined) this.#kept.delete(oldest);
    }
    return kept;
  }

  #leave(): void {
    const kept = this.#of(this.place.key);
    kept.scroll_px = scrollY;
    kept.focus = document.activeElement?.closest('main a')?.getAttribute('href') ?? null;
  }

  #click = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || !link.href) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
    if (url.pathname === location.pathname && url.search === location.search && url.hash) return;
    event.preventDefault();
    this.go(url.href);
  };
}

export const router = new Router();
