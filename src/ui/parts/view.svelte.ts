// The four states of a view: waiting, slow (time for a skeleton), failed, full. Never: what is shown in them.
import { isAbort } from '../api/client.ts';
import { paced, type Paced } from './paced.ts';

export type ViewState = 'waiting' | 'slow' | 'failed' | 'full';

// Faster answers need no skeleton; it would only flicker.
const SKELETON_AFTER_MS = 300;

/** One thing that a page loads. What was there stays while it is asked again. */
export class View<T> {
  state = $state<ViewState>('waiting');
  value = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);

  #ask: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | null = null;
  #ending: Promise<void> = Promise.resolve();

  /** Asks again because the box has news: not too often, and never by breaking off a request. What is shown stays. */
  readonly renew: Paced = paced(async () => {
    while (this.#running) await this.#ending;
    await this.load();
  });

  constructor(ask: (signal: AbortSignal) => Promise<T>, kept: T | undefined = undefined) {
    this.#ask = ask;
    if (kept !== undefined) this.set(kept);
  }

  set(value: T): void {
    this.value = value;
    this.state = 'full';
    this.error = null;
  }

  /** Asks the box. A failure replaces what is shown only when there is nothing to show. */
  load = (): Promise<void> => {
    this.#running?.abort();
    this.#ending = this.#load();
    return this.#ending;
  };

  async #load(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    if (this.state === 'failed') this.state = 'waiting';
    const slow = setTimeout(() => {
      if (this.state === 'waiting') this.state = 'slow';
    }, SKELETON_AFTER_MS);
    try {
      const value = await this.#ask(running.signal);
      if (this.#running === running) this.set(value);
    } catch (cause) {
      if (this.#running !== running || isAbort(cause)) return;
      this.error = cause;
      if (this.state !== 'full') this.state = 'failed';
    } finally {
      clearTimeout(slow);
      if (this.#running === running) this.#running = null;
    }
  }

  stop(): void {
    this.renew.stop();
    this.#running?.abort();
    this.#running = null;
  }
}
