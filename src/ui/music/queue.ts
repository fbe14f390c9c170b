// The music queue as a value: every change makes a new one. Never: sound, storage or elements.
import type { ItemSummary } from '../api/types.ts';

/** One place in the queue. The same track can stand in it twice, so each place has a key of its own. */
export interface Place {
  key: number;
  track: ItemSummary;
}

export type Repeat = 'off' | 'all' | 'one';

export interface Queue {
  /** In the order they are played. */
  places: readonly Place[];
  /** Index in `places`; -1 when empty. */
  current: number;
  repeat: Repeat;
  shuffled: boolean;
  /** Keys in the order before shuffling; empty when not shuffled. */
  before: readonly number[];
  nextKey: number;
}

export const EMPTY: Queue = { places: [], current: -1, repeat: 'off', shuffled: false, before: [], nextKey: 1 };

/** The place that is played, if any. */
export function currentPlace(queue: Queue): Place | undefined {
  return queue.places[queue.current];
}

/** Replaces everything by `tracks` and starts at `start`; a shuffled queue puts the start first. */
export function play(queue: Queue, tracks: readonly ItemSummary[], start: number, random: () => number = Math.random): Queue {
  const { places, nextKey } = keyed(tracks, queue.nextKey);
  const fresh: Queue = {
    ...queue,
    places,
    nextKey,
    current: places.length === 0 ? -1 : Math.min(Math.max(0, start), places.length - 1),
    shuffled: false,
    before: [],
  };
  return queue.shuffled ? shuffle(fresh, random) : fresh;
}

/** Puts `tracks` right after what is playing. */
export function playNext(queue: Queue, tracks: readonly ItemSummary[]): Queue {
  return insert(queue, tracks, queue.current + 1);
}

/** Puts `tracks` at the end. */
export function append(queue: Queue, tracks: readonly ItemSummary[]): Queue {
  return insert(queue, tracks, queue.places.length);
}

/** Takes one place out. What is playing moves on to the one behind it. */
export function remove(queue: Queue, key: number): Queue {
  const at = queue.places.findIndex((place) => place.key === key);
  if (at < 0) return queue;
  const places = queue.places.filter((place) => place.key !== key);
  let current = at < queue.current ? queue.current - 1 : queue.current;
  if (current >= places.length) current = places.length - 1;
  return { ...queue, places, current, before: queue.before.filter((other) => other !== key) };
}

/** Moves a place to index `to`; what is playing stays what is playing. */
export function move(queue: Queue, key: number, to: number): Queue {
  const from = queue.places.findIndex((place) => place.key === key);
  const target = Math.min(Math.max(0, to), queue.places.length - 1);
  if (from < 0 || from === target) return queue;
  const playing = currentPlace(queue)?.key;
  const places = [...queue.places];
  places.splice(target, 0, ...places.splice(from, 1));
  return { ...queue, places, current: places.findIndex((place) => place.key === playing) };
}

/** Makes the place with `key` the one that plays. */
export function jump(queue: Queue, key: number): Queue {
  const at = queue.places.findIndex((place) => place.key === key);
  return at < 0 ? queue : { ...queue, current: at };
}

/** The index that follows by itself when a track ends; null when the music stops. */
export function following(queue: Queue): number | null {
  if (queue.places.length === 0) return null;
  if (queue.repeat === 'one') return queue.current;
  if (queue.current + 1 < queue.places.length) return queue.current + 1;
  return queue.repeat === 'all' ? 0 : null;
}

/** What "next" does: like following, but a repeated track is left too. Null when there is none. */
export function skip(queue: Queue, by: 1 | -1): Queue | null {
  if (queue.places.length === 0) return null;
  const wanted = queue.current + by;
  if (wanted >= 0 && wanted < queue.places.length) return { ...queue, current: wanted };
  if (queue.repeat === 'off') return null;
  return { ...queue, current: by > 0 ? 0 : queue.places.length - 1 };
}

/** Mixes what comes, with what is playing first; or puts the old order back. */
export function toggleShuffle(queue: Queue, random: () => number = Math.random): Queue {
  return queue.shuffled ? unshuffle(queue) : shuffle(queue, random);
}

/** off, all, one, off … */
export function cycleRepeat(queue: Queue): Queue {
  const next: Record<Repeat, Repeat> = { off: 'all', all: 'one', one: 'off' };
  return { ...queue, repeat: next[queue.repeat] };
}

/** Takes everything out but the choices of repeat and shuffle. */
export function clear(queue: Queue): Queue {
  return { ...queue, places: [], current: -1, before: [] };
}

/** The queue as text for the browser's own store. */
export function serialise(queue: Queue, position_s: number): string {
  return JSON.stringify({ version: 1, queue, position_s: Math.round(position_s) });
}

/** The queue from that text; null for anything that is not a whole one. */
export function restore(text: string | null): { queue: Queue; position_s: number } | null {
  if (!text) return null;
  try {
    const stored = JSON.parse(text) as { version?: unknown; queue?: Partial<Queue>; position_s?: unknown };
    const queue = stored.queue;
    if (stored.version !== 1 || !queue || !Array.isArray(queue.places) || queue.places.length === 0) return null;
    const places = queue.places.filter((place: Partial<Place>) => Number.isInteger(place?.key) && typeof place.track?.id === 'string');
    const current = Number(queue.current);
    if (places.length !== queue.places.length || !(current >= 0 && current < places.length)) return null;
    const position = Number(stored.position_s);
    return {
      queue: {
        places,
        current,
        repeat: queue.repeat === 'all' || queue.repeat === 'one' ? queue.repeat : 'off',
        shuffled: queue.shuffled === true && Array.isArray(queue.before),
        before: Array.isArray(queue.before) ? queue.before.filter(Number.isInteger) : [],
        nextKey: Math.max(...places.map((place) => place.key)) + 1,
      },
      position_s: Number.isFinite(position) && position > 0 ? position : 0,
    };
  } catch {
    return null;
  }
}

function keyed(tracks: readonly ItemSummary[], nextKey: number): { places: Place[]; nextKey: number } {
  const playable = tracks.filter((track) => track.available);
  return { places: playable.map((track, i) => ({ key: nextKey + i, track })), nextKey: nextKey + playable.length };
}

function insert(queue: Queue, tracks: readonly ItemSummary[], at: number): Queue {
  const { places: added, nextKey } = keyed(tracks, queue.nextKey);
  if (added.length === 0) return queue;
  const places = [...queue.places];
  places.splice(at, 0, ...added);
  // A shuffled queue remembers additions at the end of the old order, or behind what was playing.
  const playing = currentPlace(queue)?.key;
  const before = [...queue.before];
  const behind = at === queue.current + 1 && playing !== undefined ? before.indexOf(playing) + 1 : before.length;
  if (queue.shuffled) before.splice(behind, 0, ...added.map((place) => place.key));
  return { ...queue, places, nextKey, before, current: queue.current < 0 ? 0 : queue.current };
}

function shuffle(queue: Queue, random: () => number): Queue {
  const before = queue.places.map((place) => place.key);
  const first = currentPlace(queue);
  const rest = queue.places.filter((place) => place !== first);
  for (let i = rest.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [rest[i], rest[j]];
    if (a && b) [rest[i], rest[j]] = [b, a];
  }
  return { ...queue, places: first ? [first, ...rest] : rest, current: first ? 0 : -1, shuffled: true, before };
}

function unshuffle(queue: Queue): Queue {
  const playing = currentPlace(queue)?.key;
  const order = new Map(queue.before.map((key, i) => [key, i]));
  const places = [...queue.places].sort((a, b) => (order.get(a.key) ?? Infinity) - (order.get(b.key) ?? Infinity));
  return { ...queue, places, current: places.findIndex((place) => place.key === playing), shuffled: false, before: [] };
}
