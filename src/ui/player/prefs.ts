// What a viewer likes, kept in this browser: loudness, languages, the size of subtitles. Never: what was watched.
import type { Taste } from './tracks.ts';

export type CueSize = 'small' | 'normal' | 'large' | 'huge';
export const CUE_SIZES: readonly CueSize[] = ['small', 'normal', 'large', 'huge'];

export interface Prefs extends Taste {
  volume: number;
  muted: boolean;
  cue_size: CueSize;
  /** Plays the next episode by itself after a count-down. */
  autoplay_next: boolean;
}

const KEY = 'alcove.player';
export const DEFAULTS: Prefs = { volume: 1, muted: false, subtitles: null, audio: null, cue_size: 'normal', autoplay_next: true };

/** The stored text as preferences; whatever is damaged becomes the default. */
export function readPrefs(text: string | null): Prefs {
  let stored: Partial<Record<keyof Prefs, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    if (parsed && typeof parsed === 'object') stored = parsed;
  } catch {
    // Damaged text: the defaults serve.
  }
  const { volume, muted, subtitles, audio, cue_size, autoplay_next } = stored;
  return {
    volume: typeof volume === 'number' && volume >= 0 && volume <= 1 ? volume : DEFAULTS.volume,
    muted: muted === true,
    subtitles: typeof subtitles === 'string' ? subtitles : null,
    audio: typeof audio === 'string' ? audio : null,
    cue_size: CUE_SIZES.find((size) => size === cue_size) ?? DEFAULTS.cue_size,
    autoplay_next: autoplay_next !== false,
  };
}

export function loadPrefs(): Prefs {
  try {
    return readPrefs(localStorage.getItem(KEY));
  } catch {
    return DEFAULTS;
  }
}

export function savePrefs(prefs: Prefs): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // A full or forbidden store: the choice holds for this visit.
  }
}
