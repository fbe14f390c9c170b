// Counts how often a broken picture may be repaired in place before that is no use. Never: the repair itself.

const AT_ONCE = 2;
const FORGIVEN_AFTER_S = 30;
// Two reports further apart than this are a seek, which is no progress.
const LONGEST_STEP_S = 2;

export class Recoveries {
  #spent = 0;
  #played_s = 0;
  #place_s: number | null = null;

  /** Takes one repair; false when too many were needed without the film getting on. */
  take(): boolean {
    this.#played_s = 0;
    if (this.#spent >= AT_ONCE) return false;
    this.#spent += 1;
    return true;
  }

  /** Called often while it plays, with the place in seconds. */
  played(place_s: number): void {
    const step = place_s - (this.#place_s ?? place_s);
    this.#place_s = place_s;
    if (step > 0 && step <= LONGEST_STEP_S) this.#played_s += step;
    if (this.#played_s >= FORGIVEN_AFTER_S) this.#spent = 0;
  }
}
