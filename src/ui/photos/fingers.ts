// Turns pointers on a picture into moves, pinches and taps. Never: what they mean.

export interface Gestures {
  /** One pointer moved by so many pixels. */
  move(dx: number, dy: number): void;
  /** Two pointers went apart by a factor around a spot of the window. */
  pinch(factor: number, x: number, y: number): void;
  tap(): void;
  doubleTap(x: number, y: number): void;
  /** The last pointer left after a move. */
  end(dx: number, dy: number, ms: number): void;
}

const TAP_PX = 8;
const TAP_MS = 350;
const DOUBLE_MS = 280;

export class Fingers {
  readonly #on: Gestures;
  readonly #points = new Map<number, { x: number; y: number }>();
  #from = { x: 0, y: 0, at: 0 };
  #pinched = false;
  #tappedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(on: Gestures) {
    this.#on = on;
  }

  down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    if (this.#points.size === 0) {
      this.#from = { x: event.clientX, y: event.clientY, at: event.timeStamp };
      this.#pinched = false;
    }
    this.#points.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };

  moved = (event: PointerEvent): void => {
    const before = this.#points.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (this.#points.size === 1) {
      this.#on.move(now.x - before.x, now.y - before.y);
    } else {
      const other = [...this.#points].find(([id]) => id !== event.pointerId)?.[1];
      if (other) this.#pinch(before, now, other);
    }
    this.#points.set(event.pointerId, now);
  };

  up = (event: PointerEvent): void => {
    if (!this.#points.delete(event.pointerId) || this.#points.size > 0) return;
    const dx = event.clientX - this.#from.x;
    const dy = event.clientY - this.#from.y;
    const ms = event.timeStamp - this.#from.at;
    const still = Math.hypot(dx, dy) < TAP_PX && ms < TAP_MS && event.type === 'pointerup';
    if (this.#pinched) this.#on.end(0, 0, ms);
    else if (still) this.#tap(event);
    else this.#on.end(dx, dy, ms);
  };

  close(): void {
    clearTimeout(this.#timer);
  }

  #pinch(before: { x: number; y: number }, now: { x: number; y: number }, other: { x: number; y: number }): void {
    this.#pinched = true;
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(now.x - other.x, now.y - other.y);
    if (was > 0) this.#on.pinch(is / was, (now.x + other.x) / 2, (now.y + other.y) / 2);
  }

  #tap(event: PointerEvent): void {
    clearTimeout(this.#timer);
    if (event.timeStamp - this.#tappedAt < DOUBLE_MS) {
      this.#tappedAt = -Infinity;
      this.#on.doubleTap(event.clientX, event.clientY);
      return;
    }
    this.#tappedAt = event.timeStamp;
    if (event.pointerType === 'touch') this.#timer = setTimeout(() => this.#on.tap(), DOUBLE_MS);
  }
}
