// Shifts subtitles in time. Never: their text or look.

/** The two times of a cue, as `VTTCue` has them. */
export interface Timed {
  startTime: number;
  endTime: number;
}

const original = new WeakMap<Timed, { start: number; end: number }>();

/** Moves every cue to its own time plus `seconds`; always counted from the file's times, so steps do not add up. */
export function shiftCues(cues: Iterable<Timed>, seconds: number): void {
  for (const cue of cues) {
    const own = original.get(cue) ?? { start: cue.startTime, end: cue.endTime };
    original.set(cue, own);
    // The later edge moves first: a cue must never end before it begins.
    const start = Math.max(0, own.start + seconds);
    const end = Math.max(start, own.end + seconds);
    if (end >= cue.startTime) {
      cue.endTime = end;
      cue.startTime = start;
    } else {
      cue.startTime = start;
      cue.endTime = end;
    }
  }
}
