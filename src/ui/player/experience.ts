// Notes how a viewing went and tells it in the words of the classes. Never: gives away a number, or sends anything itself.
import type { Playback } from './reply.ts';
import type { ExperienceRequest } from '../api/types.ts';

type FirstPicture = NonNullable<ExperienceRequest['first_picture']>;
type Stalls = ExperienceRequest['stalls'];

// The bounds of the registry, in its units; a test compares them.
export const FIRST_PICTURE_BELOW_MS: readonly [number, FirstPicture][] = [
  [500, 'below_500'],
  [1000, 'below_1000'],
  [2000, 'below_2000'],
  [5000, 'below_5000'],
];
export const STALLS_IN_TEN_HOURS_BELOW: readonly [number, Stalls][] = [
  [1, 'none'],
  [20, 'below_20'],
];
const TEN_HOURS_MS = 36_000_000;

function classOf<C>(value: number, below: readonly [number, C][], above: C): C {
  return below.find(([bound]) => value < bound)?.[1] ?? above;
}

export class Experience {
  readonly #asked_ms: number;
  #wanted = false;
  #inSegments = false;
  #first_ms: number | null = null;
  #stalls = 0;
  #waiting = false;
  #since_ms: number | null = null;
  #watched_ms = 0;

  /** Begins with the wish to play. */
  constructor(now_ms: number) {
    this.#asked_ms = now_ms;
  }

  /** An answer of the box is being loaded. */
  attached(playback: Pick<Playback, 'decision' | 'wants_experience'>): void {
    this.#wanted = playback.wants_experience;
    this.#inSegments = playback.decision !== 'direct_play';
  }

  /** A picture or sound is there. */
  shown(now_ms: number): void {
    this.#first_ms ??= now_ms - this.#asked_ms;
  }

  /** It plays on. */
  plays(now_ms: number): void {
    this.shown(now_ms);
    this.#waiting = false;
    this.#since_ms ??= now_ms;
  }

  /** It stands still and waits for data, without a wish of the viewer. */
  waits(): void {
    if (this.#since_ms === null || this.#waiting) return;
    this.#waiting = true;
    this.#stalls += 1;
  }

  /** The viewer, or the end of the film, stops it. */
  pauses(now_ms: number): void {
    if (this.#since_ms !== null) this.#watched_ms += now_ms - this.#since_ms;
    this.#since_ms = null;
    this.#waiting = false;
  }

  /** What the box is told at the end, once; null when it did not ask. */
  end(now_ms: number): ExperienceRequest | null {
    this.pauses(now_ms);
    if (!this.#wanted) return null;
    this.#wanted = false;
    return { first_picture: this.#firstPicture(), stalls: this.#stallsClass() };
  }

  #firstPicture(): FirstPicture | null {
    if (!this.#inSegments || this.#first_ms === null) return null;
    return classOf(this.#first_ms, FIRST_PICTURE_BELOW_MS, 'above_5000');
  }

  #stallsClass(): Stalls {
    if (this.#watched_ms <= 0) return 'unknown';
    return classOf(Math.ceil((this.#stalls * TEN_HOURS_MS) / this.#watched_ms), STALLS_IN_TEN_HOURS_BELOW, 'above_20');
  }
}
