// A long list of which only the parts in sight are loaded: by first letters where the order has them, in sequence otherwise.
// Never: more than one request for the same part at a time.
import type { ItemPage, ItemSummary, Letter } from '../api/types.ts';
import { isAbort } from '../api/client.ts';

/** Asks for one page; a null cursor is the beginning. */
export type AskPage = (cursor: string | null, limit: number, signal: AbortSignal) => Promise<ItemPage>;

interface Stretch {
  start: number;
  /** How many items it has; null while nobody knows. */
  count: number | null;
  loaded: number;
  next: string | null;
  done: boolean;
}

const NEAR = 120;
const FAR = 500;

export class Feed {
  /** How many items there are, or are known of. */
  count = $state(0);
  /** Grows when items arrived. */
  version = $state(0);
  /** True when `count` is the whole truth. */
  complete = $state(false);
  error = $state.raw<unknown>(null);

  readonly items: (ItemSummary | undefined)[] = [];

  #ask: AskPage;
  #stretches: Stretch[];
  #busy: Promise<void> | null = null;
  #wanted: [number, number] | null = null;
  #stop = new AbortController();

  /** With letters the list can be entered anywhere; with `total` alone only from its beginning; with neither its end is unknown. */
  constructor(ask: AskPage, known: { letters?: Letter[]; total?: number } = {}) {
    this.#ask = ask;
    if (known.letters) {
      let start = 0;
      this.#stretches = known.letters.map((letter) => {
        const stretch = { start, count: letter.count, loaded: 0, next: letter.cursor, done: letter.count === 0 };
        start += letter.count;
        return stretch;
      });
      this.count = start;
      this.complete = true;
    } else {
      const total = known.total ?? null;
      this.#stretches = [{ start: 0, count: total, loaded: 0, next: null, done: total === 0 }];
      this.count = total ?? 0;
      this.complete = total !== null;
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Makes sure that the items from `from` up to `to` are there or on their way. */
  need(from: number, to: number): Promise<void> {
    this.#wanted = [from, to];
    this.#busy ??= this.#work().finally(() => (this.#busy = null));
    return this.#busy;
  }

  async #work(): Promise<void> {
    this.error = null;
    while (this.#wanted && !this.#stop.signal.aborted) {
      const [from, to] = this.#wanted;
      const stretch = this.#missing(from, to);
      if (!stretch) return;
      try {
        await this.#load(stretch, to);
      } catch (cause) {
        if (!isAbort(cause)) this.error = cause;
        return;
      }
    }
  }

  #missing(from: number, to: number): Stretch | undefined {
    return this.#stretches.find((each) => {
      if (each.done) return false;
      const reached = each.start + each.loaded;
      const end = each.count === null ? Infinity : each.start + each.count;
      // What lies before the wanted part must be passed, because cursors only lead on.
      return end > from && each.start < to && reached < to;
    });
  }

  async #load(stretch: Stretch, to: number): Promise<void> {
    const at = stretch.start + stretch.loaded;
    const rest = stretch.count === null ? Infinity : stretch.count - stretch.loaded;
    const limit = Math.max(1, Math.min(rest, to - at > NEAR ? FAR : NEAR));
    const page = await this.#ask(stretch.next, limit, this.#stop.signal);
    for (const [offset, item] of page.items.entries()) {
      if (offset < rest) this.items[at + offset] = item;
    }
    stretch.loaded += page.items.length;
    stretch.next = page.next;
    const over = stretch.count !== null && stretch.loaded >= stretch.count;
    stretch.done = page.next === null || over || page.items.length === 0;
    this.#recount(stretch);
    this.version += 1;
  }

  #recount(stretch: Stretch): void {
    if (stretch.count !== null && stretch.done && this.#stretches.length === 1) {
      // The list shrank since it was counted.
      this.count = Math.min(this.count, stretch.start + stretch.loaded);
    } else if (stretch.count === null) {
      this.count = stretch.start + stretch.loaded;
      this.complete = stretch.done;
    }
  }
}
