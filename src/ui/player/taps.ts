// Tells a tap on the picture from a double tap at its left or right. Never: a mouse.

const DOUBLE_MS = 300;

export class Taps {
  #last = -Infinity;
  #side: 'left' | 'right' | 'middle' = 'middle';
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #double: (side: 'left' | 'right') => void;
  readonly #single: () => void;

  constructor(double: (side: 'left' | 'right') => void, single: () => void) {
    this.#double = double;
    this.#single = single;
  }

  /** A finger touched the picture at this fraction of its width. Further taps of a double one each count. */
  tap(fraction: number, now_ms: number): void {
    const side = fraction < 0.35 ? 'left' : fraction > 0.65 ? 'right' : 'middle';
    const again = side !== 'middle' && side === this.#side && now_ms - this.#last < DOUBLE_MS;
    this.#last = now_ms;
    this.#side = side;
    clearTimeout(this.#timer);
    if (again) this.#double(side);
    else if (side === 'middle') this.#single();
    else this.#timer = setTimeout(this.#single, DOUBLE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
