// The answer about privacy as every page needs it: what is stored, and what holds now. Never: an answer that the box did not confirm.
import { api } from '../api/client.ts';
import { news } from '../api/events.svelte.ts';
import type { Consent, ConsentChoice, ConsentSwitches } from '../api/types.ts';

class ConsentNow {
  value = $state.raw<Consent | null>(null);
  error = $state.raw<unknown>(null);
  /** The owner wants to answer later; asked again on the next visit. */
  later = $state(false);
  #asked = 0;

  constructor() {
    const renew = () => void this.load();
    news.onPrivacy(renew);
    news.onStale(renew);
  }

  /** Asks the box. What was known is kept when it does not answer. */
  async load(): Promise<void> {
    const mine = (this.#asked += 1);
    try {
      const value = await api.get('privacy/consent');
      if (mine === this.#asked) this.#set(value);
    } catch (cause) {
      if (mine === this.#asked) this.error = cause;
    }
  }

  /** Resolves once the answer is on flash; after a failure the box says itself what holds now. */
  async save(mode: ConsentChoice, switches: ConsentSwitches): Promise<void> {
    try {
      const value = await api.put('privacy/consent', { body: { mode, switches } });
      this.#asked += 1;
      this.#set(value);
    } catch (cause) {
      await this.load();
      throw cause;
    }
  }

  /** Another person's answer is not this one's to see. */
  forget(): void {
    this.#asked += 1;
    this.value = null;
    this.error = null;
    this.later = false;
  }

  #set(value: Consent): void {
    this.value = value;
    this.error = null;
  }
}

export const consent = new ConsentNow();
