// Who is logged in, and whether the box still waits for its owner. Never: a password or a token.
import { api, ApiError, onLostLogin } from '../api/client.ts';
import { news } from '../api/events.svelte.ts';
import type { Language, Me } from '../api/types.ts';
import { browserLanguage, speak } from '../words/words.svelte.ts';
import { consent } from './consent.svelte.ts';

export type SessionState = 'starting' | 'setup' | 'login' | 'in' | 'unreachable';

class Session {
  state = $state<SessionState>('starting');
  me = $state.raw<Me | null>(null);
  /** The login ended by itself, so the login page says so. */
  ended = $state(false);
  error = $state.raw<ApiError | null>(null);

  get owner(): boolean {
    return this.me?.role === 'owner';
  }

  async start(): Promise<void> {
    onLostLogin(() => this.#lost());
    try {
      await this.#enter();
    } catch (cause) {
      if (cause instanceof ApiError && cause.status === 401) await this.#outside();
      else this.#unreachable(cause);
    }
  }

  /** After a login or the set-up made one. */
  async entered(): Promise<void> {
    await this.#enter();
  }

  async logout(): Promise<void> {
    try {
      await api.post('logout', { keepLogin: true });
    } catch (cause) {
      // It has ended all the same.
      if (cause instanceof ApiError && cause.code === 'logout_not_stored') this.#leave(false);
      throw cause;
    }
    this.#leave(false);
  }

  async chooseLanguage(language: Language): Promise<void> {
    await api.put('me', { body: { language } });
    await speak(language);
    if (this.me) this.me = { ...this.me, language };
  }

  async #enter(): Promise<void> {
    const me = await api.get('me', { keepLogin: true });
    await speak(me.language ?? browserLanguage());
    this.me = me;
    this.ended = false;
    this.state = 'in';
    news.start();
  }

  async #outside(): Promise<void> {
    try {
      const { needed } = await api.get('setup', { keepLogin: true });
      this.state = needed ? 'setup' : 'login';
    } catch (cause) {
      this.#unreachable(cause);
    }
  }

  #unreachable(cause: unknown): void {
    this.error = cause instanceof ApiError ? cause : new ApiError('unknown', 0, null);
    this.state = 'unreachable';
  }

  #lost(): void {
    if (this.state === 'in') this.#leave(true);
  }

  #leave(ended: boolean): void {
    news.stop();
    consent.forget();
    this.me = null;
    this.ended = ended;
    this.state = 'login';
  }
}

export const session = new Session();
