// One track on one audio element: asks for it, loads it, and says when it ends. Never: the queue.
import { api } from '../api/client.ts';
import type { ItemSummary, Playback } from '../api/types.ts';
import { browserPlatform, generalProfile } from '../player/capabilities.ts';
import { PlayerController, type PlayerState } from '../player/controller.ts';
import { Engine, playsSegments } from '../player/engine.ts';
import { refusalOf } from '../player/refusal.ts';

export interface DeckEvents {
  changed(deck: Deck): void;
  ended(deck: Deck): void;
}

export class Deck {
  readonly key: number;
  readonly track: ItemSummary;
  readonly media: HTMLAudioElement;
  state: PlayerState | null = null;
  playback: Playback | null = null;
  /** True when the browser refused to start without a gesture. */
  blocked = false;
  readonly #engine: Engine;
  readonly #controller: PlayerController;
  readonly #stop = new AbortController();
  #wantsPlay: boolean;

  constructor(key: number, track: ItemSummary, media: HTMLAudioElement, at_s: number, play: boolean, events: DeckEvents) {
    this.key = key;
    this.track = track;
    this.media = media;
    this.#wantsPlay = play;
    const id = track.id;
    const changed = (): void => events.changed(this);
    this.#engine = new Engine(media, {
      trouble: (trouble) => this.#controller.trouble(trouble),
      renditions: () => {},
      blocked: () => {
        this.blocked = true;
        changed();
      },
    });
    this.#controller = new PlayerController(
      {
        profile: () => Promise.resolve(generalProfile(browserPlatform(), playsSegments())),
        ask: (wish) => api.post('items/{id}/playback', { path: { id }, body: wish }),
        refusal: refusalOf,
        attach: (playback, at) => {
          this.playback = playback;
          void this.#engine.attach(playback, at ?? 0, this.#wantsPlay);
        },
        detach: () => this.#engine.detach(),
        position: () => this.#engine.place,
        after: (ms, then) => {
          const timer = setTimeout(then, ms);
          return () => clearTimeout(timer);
        },
        changed: (state) => {
          this.state = state;
          changed();
        },
      },
      at_s,
    );
    media.preload = 'auto';
    const on = (name: string, act: () => void): void => media.addEventListener(name, act, { signal: this.#stop.signal });
    for (const name of ['play', 'pause', 'timeupdate', 'durationchange', 'waiting', 'playing', 'seeking', 'seeked']) on(name, changed);
    on('loadeddata', () => this.#controller.playing());
    on('timeupdate', () => !media.paused && this.#controller.progressed());
    on('ended', () => events.ended(this));
    addEventListener('online', () => this.#controller.online(), { signal: this.#stop.signal });
    this.#controller.start();
  }

  /** Seconds from the beginning. */
  get time(): number {
    return this.#engine.place ?? 0;
  }

  get duration(): number {
    const own = this.media.duration;
    if (Number.isFinite(own) && own > 0) return own;
    return (this.playback?.duration_ms ?? this.track.duration_ms ?? 0) / 1000;
  }

  play(): void {
    this.#wantsPlay = true;
    this.blocked = false;
    if (this.state?.phase === 'failed') this.#controller.retry();
    else if (this.playback) this.#engine.play();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.media.pause();
  }

  seek(seconds: number): void {
    this.#engine.seek(Math.min(Math.max(0, seconds), this.duration || seconds));
  }

  close(): void {
    this.#stop.abort();
    this.#controller.close();
    this.#engine.close();
  }
}
