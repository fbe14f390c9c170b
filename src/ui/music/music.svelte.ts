// The music that plays while the reader goes on: the queue, two decks that take turns, loudness, media keys.
// Never: markup, and no request before someone presses play.
import { api } from '../api/client.ts';
import type { ItemSummary } from '../api/types.ts';
import { toast } from '../frame/toasts.svelte.ts';
import { holdMediaKeys, tellPlace } from '../player/device.ts';
import { loadPrefs, savePrefs } from '../player/prefs.ts';
import { t } from '../words/words.svelte.ts';
import { Deck } from './deck.ts';
import * as queue from './queue.ts';

// The next track is fetched this long before the end, so that it starts without a gap.
const AHEAD_S = 20;
// "Previous" within the first seconds means the track before; later it means the beginning of this one.
const RESTART_S = 3;
const SAVE_EVERY_S = 5;
const HOPELESS_IN_A_ROW = 3;

class Music {
  queue = $state.raw<queue.Queue>(queue.EMPTY);
  time = $state(0);
  duration = $state(0);
  paused = $state(true);
  /** True while the box is asked or the connection is awaited. */
  waiting = $state(false);
  lost = $state(false);
  volume = $state(1);
  muted = $state(false);
  panel = $state(false);

  #elements: HTMLAudioElement[] = [];
  #deck: Deck | null = null;
  #next: Deck | null = null;
  #user: string | null = null;
  #resume_s = 0;
  #saved_s = 0;
  #failures = 0;
  #told: Deck | null = null;
  #releaseKeys = (): void => {};
  readonly #events = { changed: (deck: Deck) => this.#changed(deck), ended: (deck: Deck) => this.#ended(deck) };

  get track(): ItemSummary | null {
    return queue.currentPlace(this.queue)?.track ?? null;
  }

  get empty(): boolean {
    return this.queue.places.length === 0;
  }

  /** Takes up this person's queue as it was left in this browser, paused. */
  enter(user: string): void {
    if (this.#user === user) return;
    this.#user = user;
    const prefs = loadPrefs();
    this.volume = prefs.volume;
    this.muted = prefs.muted;
    const kept = queue.restore(read(this.#key));
    this.#set(kept?.queue ?? queue.EMPTY);
    this.#resume_s = kept?.position_s ?? 0;
    this.time = this.#resume_s;
    this.duration = (this.track?.duration_ms ?? 0) / 1000;
    addEventListener('pagehide', this.#save);
    // One sound at a time: a film that starts silences the music.
    document.addEventListener('play', this.#silence, true);
  }

  /** Someone logs out: silence, and nothing left on the screen. */
  leave(): void {
    this.#save();
    this.#drop();
    this.#user = null;
    this.queue = queue.EMPTY;
    this.panel = false;
    removeEventListener('pagehide', this.#save);
    document.removeEventListener('play', this.#silence, true);
  }

  play(tracks: readonly ItemSummary[], start = 0, shuffled = false): void {
    const first = shuffled ? Math.floor(Math.random() * tracks.length) : start;
    const chosen = tracks[first];
    const playable = tracks.filter((track) => track.available);
    if (playable.length === 0) {
      toast(t.music.nothingAvailable, { kind: 'error' });
      return;
    }
    const at = Math.max(0, playable.findIndex((track) => track === chosen));
    this.#failures = 0;
    this.#set(queue.play({ ...this.queue, shuffled }, playable, at));
    this.#start(0, true);
  }

  playNext(tracks: readonly ItemSummary[]): void {
    this.#grow(queue.playNext(this.queue, tracks), t.music.addedNext);
  }

  add(tracks: readonly ItemSummary[]): void {
    this.#grow(queue.append(this.queue, tracks), t.music.added);
  }

  toggle(): void {
    if (this.paused) this.resume();
    else this.#deck?.pause();
  }

  resume(): void {
    this.#failures = 0;
    if (!this.#deck) this.#start(this.#resume_s, true);
    else this.#deck.play();
  }

  seek(seconds: number): void {
    this.time = seconds;
    if (this.#deck) this.#deck.seek(seconds);
    else this.#resume_s = seconds;
  }

  next(): void {
    this.#step(1);
  }

  previous(): void {
    if (this.time > RESTART_S || !queue.skip(this.queue, -1)) this.seek(0);
    else this.#step(-1);
  }

  jump(key: number): void {
    this.#set(queue.jump(this.queue, key));
    this.#start(0, true);
  }

  remove(key: number): void {
    const before = this.queue;
    const playing = queue.currentPlace(before)?.key === key;
    const wasPaused = this.paused;
    this.#set(queue.remove(before, key));
    if (this.empty) this.panel = false;
    if (playing) this.#start(0, !wasPaused);
  }

  move(key: number, to: number): void {
    this.#set(queue.move(this.queue, key, to));
  }

  clear(): void {
    const before = this.queue;
    const at = this.time;
    this.#drop();
    this.#set(queue.clear(before));
    this.panel = false;
    toast(t.music.cleared, {
      action: {
        label: t.frame.undo,
        run: () => {
          if (!this.empty) return;
          this.#set(before);
          this.#resume_s = at;
          this.time = at;
          this.duration = (this.track?.duration_ms ?? 0) / 1000;
        },
      },
    });
  }

  toggleShuffle(): void {
    this.#set(queue.toggleShuffle(this.queue));
  }

  cycleRepeat(): void {
    this.#set(queue.cycleRepeat(this.queue));
  }

  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    if (this.volume > 0) this.muted = false;
    this.#loudness();
  }

  toggleMute(): void {
    this.muted = !this.muted;
    this.#loudness();
  }

  get #key(): string {
    return `alcove.queue.${this.#user ?? ''}`;
  }

  #loudness(): void {
    for (const element of this.#elements) {
      element.volume = this.volume;
      element.muted = this.muted;
    }
    savePrefs({ ...loadPrefs(), volume: this.volume, muted: this.muted });
  }

  #grow(grown: queue.Queue, said: string): void {
    if (grown === this.queue) {
      toast(t.music.nothingAvailable, { kind: 'error' });
      return;
    }
    const first = this.empty;
    this.#set(grown);
    if (first) this.#start(0, true);
    else toast(said);
  }

  #step(by: 1 | -1): void {
    const stepped = queue.skip(this.queue, by);
    if (!stepped) return;
    this.#set(stepped);
    this.#start(0, !this.paused || this.#deck === null);
  }

  #set(next: queue.Queue): void {
    this.queue = next;
    // What was fetched ahead is only right while it is still what follows.
    const ahead = queue.following(next);
    if (this.#next && (ahead === null || next.places[ahead]?.key !== this.#next.key)) {
      this.#next.close();
      this.#next = null;
    }
    this.#save();
  }

  #start(at_s: number, play: boolean): void {
    const place = queue.currentPlace(this.queue);
    this.#resume_s = 0;
    if (!place) {
      this.#drop();
      return;
    }
    const ready = this.#next?.key === place.key && at_s === 0 ? this.#next : null;
    this.#deck?.close();
    if (ready) this.#next = null;
    this.#deck = ready ?? new Deck(place.key, place.track, this.#free(), at_s, play, this.#events);
    if (ready && play) ready.play();
    this.time = at_s;
    this.duration = this.#deck.duration;
    this.paused = !play;
    this.#holdKeys(place.track);
  }

  #free(): HTMLAudioElement {
    if (this.#elements.length === 0) {
      this.#elements = [new Audio(), new Audio()];
      this.#loudness();
    }
    const taken = this.#next?.media;
    return this.#elements.find((element) => element !== taken && element !== this.#deck?.media) ?? (this.#elements[0] as HTMLAudioElement);
  }

  #drop(): void {
    this.#deck?.close();
    this.#next?.close();
    this.#deck = null;
    this.#next = null;
    this.paused = true;
    this.waiting = false;
    this.lost = false;
    this.time = 0;
    this.#releaseKeys();
    this.#releaseKeys = () => {};
  }

  #changed(deck: Deck): void {
    if (deck !== this.#deck) {
      if (deck === this.#next && deck.state?.phase === 'failed') this.#forgetNext();
      return;
    }
    const { phase } = deck.state ?? {};
    this.time = deck.time;
    this.duration = deck.duration;
    this.lost = phase === 'lost' || phase === 'busy';
    this.waiting = phase === 'asking' || phase === 'attaching' || this.lost;
    this.paused = deck.blocked || (deck.media.paused && !this.waiting);
    tellPlace(this.time, this.duration, 1, this.paused);
    if (phase !== 'failed') {
      if (this.#told === deck) this.#told = null;
      this.#onTime();
    } else if (this.#told !== deck) {
      // The element goes on reporting after the end; one failure is told once.
      this.#told = deck;
      this.#failed(deck);
    }
  }

  #onTime(): void {
    if (!this.paused && this.time > 1) this.#failures = 0;
    if (Math.abs(this.time - this.#saved_s) >= SAVE_EVERY_S) this.#save();
    const left = this.duration - this.time;
    if (this.paused || this.#next || !(this.duration > 0) || left > AHEAD_S || this.waiting) return;
    const ahead = queue.following(this.queue);
    const place = ahead === null ? undefined : this.queue.places[ahead];
    if (!place || place.key === this.#deck?.key) return;
    this.#next = new Deck(place.key, place.track, this.#free(), 0, false, this.#events);
  }

  #ended(deck: Deck): void {
    if (deck !== this.#deck) return;
    void api.put('items/{id}/progress', { path: { id: deck.track.id }, body: { position_ms: 0, watched: true } }).catch(() => {});
    const ahead = queue.following(this.queue);
    if (ahead === null) {
      this.paused = true;
      this.time = 0;
      deck.pause();
      deck.seek(0);
      return;
    }
    if (ahead === this.queue.current) {
      deck.seek(0);
      deck.play();
      return;
    }
    this.#set({ ...this.queue, current: ahead });
    this.#start(0, true);
  }

  // One broken file must not stop the music, but a box that refuses everything must.
  #failed(deck: Deck): void {
    toast(t.music.failed(deck.track.title), { kind: 'error' });
    this.#failures += 1;
    const ahead = queue.skip(this.queue, 1);
    if (ahead && this.#failures < HOPELESS_IN_A_ROW && ahead.current !== this.queue.current) {
      this.#set(ahead);
      this.#start(0, true);
    } else {
      this.paused = true;
    }
  }

  #forgetNext(): void {
    this.#next?.close();
    this.#next = null;
  }

  #holdKeys(track: ItemSummary): void {
    this.#releaseKeys();
    this.#releaseKeys = holdMediaKeys(track, {
      play: () => this.resume(),
      pause: () => this.#deck?.pause(),
      skip: (seconds) => this.seek(this.time + seconds),
      seek: (seconds) => this.seek(seconds),
      next: () => this.next(),
      previous: () => this.previous(),
    });
  }

  #silence = (event: Event): void => {
    if (event.target instanceof HTMLVideoElement) this.#deck?.pause();
  };

  #save = (): void => {
    if (!this.#user) return;
    this.#saved_s = this.time;
    try {
      if (this.empty) localStorage.removeItem(this.#key);
      else localStorage.setItem(this.#key, queue.serialise(this.queue, this.#deck ? this.time : this.#resume_s || this.time));
    } catch {
      // A full or forbidden store: the queue lives until the page is closed.
    }
  };
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export const music = new Music();
