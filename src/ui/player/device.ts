// The device around the picture: media keys, full screen, the small window, the screen that must stay on. Never: the film.
import type { ItemSummary } from '../api/types.ts';

export interface MediaKeys {
  play(): void;
  pause(): void;
  skip(seconds: number): void;
  seek(seconds: number): void;
  next?: (() => void) | undefined;
  previous?: (() => void) | undefined;
}

/** Shows what plays on lock screens and obeys media keys; the answer takes it away again. */
export function holdMediaKeys(item: Pick<ItemSummary, 'title' | 'art' | 'series_title' | 'artist' | 'album'>, keys: MediaKeys): () => void {
  if (!('mediaSession' in navigator)) return () => {};
  const session = navigator.mediaSession;
  const artwork = item.art.poster ? [{ src: `${item.art.poster}${item.art.poster.includes('?') ? '&' : '?'}size=large` }] : [];
  session.metadata = new MediaMetadata({
    title: item.title,
    artist: item.series_title ?? item.artist ?? '',
    album: item.album ?? '',
    artwork,
  });
  const actions: [MediaSessionAction, MediaSessionActionHandler | null][] = [
    ['play', () => keys.play()],
    ['pause', () => keys.pause()],
    ['seekbackward', (given) => keys.skip(-(given.seekOffset ?? 10))],
    ['seekforward', (given) => keys.skip(given.seekOffset ?? 10)],
    ['seekto', (given) => keys.seek(given.seekTime ?? 0)],
    ['nexttrack', keys.next ?? null],
    ['previoustrack', keys.previous ?? null],
  ];
  const set = (name: MediaSessionAction, handler: MediaSessionActionHandler | null): void => {
    try {
      session.setActionHandler(name, handler);
    } catch {
      // Not every browser knows every action.
    }
  };
  for (const [name, handler] of actions) set(name, handler);
  return () => {
    session.metadata = null;
    session.playbackState = 'none';
    for (const [name] of actions) set(name, null);
  };
}

/** Tells lock screens how far it is. */
export function tellPlace(position: number, duration: number, rate: number, paused: boolean): void {
  if (!('mediaSession' in navigator)) return;
  navigator.mediaSession.playbackState = paused ? 'paused' : 'playing';
  if (!(duration > 0) || !Number.isFinite(duration) || position > duration) return;
  try {
    navigator.mediaSession.setPositionState?.({ position: Math.max(0, position), duration, playbackRate: rate });
  } catch {
    // A browser that disagrees about the numbers shows none.
  }
}

/** Asks for a lock; null where there is none to have, for instance on a hidden page. */
type LockRequest = () => Promise<Pick<WakeLockSentinel, 'released' | 'release'> | null>;

async function askForLock(): Promise<WakeLockSentinel | null> {
  return document.hidden ? null : ((await navigator.wakeLock?.request('screen')) ?? null);
}

/** Keeps the screen on while `on`; asked again after the page was hidden. Only secure pages may, so a refusal is normal. */
export class WakeLock {
  #lock: Pick<WakeLockSentinel, 'released' | 'release'> | null = null;
  #wanted = false;
  #busy = false;
  readonly #ask: LockRequest;

  constructor(ask: LockRequest = askForLock) {
    this.#ask = ask;
  }

  /** One request at a time: two at once would leave a lock that nobody gives back. */
  async set(on: boolean): Promise<void> {
    this.#wanted = on;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#wanted !== this.#holds()) {
        const held = this.#lock;
        this.#lock = null;
        if (this.#wanted) this.#lock = await this.#ask();
        else await held?.release();
        if (this.#wanted && !this.#lock) break;
      }
    } catch {
      // Refused; asked again at the next play or return to the page.
    } finally {
      this.#busy = false;
    }
  }

  #holds(): boolean {
    return this.#lock !== null && !this.#lock.released;
  }
}

type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

// The whole page goes full screen, not the player, so that the next episode does not leave it.
/** Enters or leaves full screen; a phone that only knows full-screen videos gets that. */
export async function toggleFullscreen(video: PhoneVideo): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (document.fullscreenEnabled) await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
    else video.webkitEnterFullscreen?.();
  } catch {
    // The browser refused; the picture stays as it is.
  }
}

/** True where a small window is possible. */
export function hasPicture(): boolean {
  return 'pictureInPictureEnabled' in document && document.pictureInPictureEnabled;
}

export async function togglePicture(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // Refused, for instance before the first picture is there.
  }
}
