// Decides when the place in a film is told to the server. Never: sends anything itself.

/** What the server is told. */
export interface Report {
  position_ms: number;
}

const EVERY_MS = 10_000;
const CHANGE_WORTH_TELLING_S = 1;

export class ProgressReporter {
  #toldAt = 0;
  #told: number | null = null;
  readonly #send: (report: Report, leaving: boolean) => void;

  constructor(send: (report: Report, leaving: boolean) => void) {
    this.#send = send;
  }

  /** Called often while playing; tells at most every ten seconds. The box itself marks a film as watched near its end. */
  tick(position: number, now_ms: number): void {
    if (this.#toldAt === 0) this.#toldAt = now_ms;
    if (now_ms - this.#toldAt >= EVERY_MS) this.now(position, now_ms);
  }

  /** A moment that must not be lost: a pause, a seek, the end, leaving the page. */
  now(position: number, now_ms: number, leaving = false): void {
    if (!Number.isFinite(position) || position < 0) return;
    const before = this.#told ?? 0;
    if (Math.abs(position - before) < CHANGE_WORTH_TELLING_S) return;
    this.#toldAt = now_ms;
    this.#told = position;
    this.#send({ position_ms: Math.round(position * 1000) }, leaving);
  }

  /** The last report did not arrive; the next moment tells it again. */
  forget(): void {
    this.#told = null;
  }
}
