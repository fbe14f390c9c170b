// Arithmetic of the seek bar: times as text, chapters, buffered stretches, steps. Never: elements or events.

/** A named place in the film; `end_ms` may be missing in sloppy files. */
export interface ChapterMark {
  start_ms: number;
  end_ms?: number | null | undefined;
  title?: string | null | undefined;
}

/** A time as people write it: 4:05, 1:02:09. */
export function clock(seconds: number, withHours = seconds >= 3600): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const tail = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  if (!withHours) return `${minutes + Math.floor(whole / 3600) * 60}:${tail}`;
  return `${Math.floor(whole / 3600)}:${String(minutes).padStart(2, '0')}:${tail}`;
}

/** `seconds` kept inside the film. The very end stays reachable, so that a film can be finished. */
export function clamp(seconds: number, duration: number): number {
  if (!Number.isFinite(seconds)) return 0;
  const end = Number.isFinite(duration) && duration > 0 ? duration : Number.MAX_SAFE_INTEGER;
  return Math.min(Math.max(0, seconds), end);
}

/** The fraction of the bar under a pointer at `x`, for a bar from `left`, `width` wide. */
export function fractionAt(x: number, left: number, width: number): number {
  if (width <= 0) return 0;
  return Math.min(1, Math.max(0, (x - left) / width));
}

/** The chapter that holds `seconds`; chapters are taken in order of their start. */
export function chapterAt<T extends ChapterMark>(chapters: readonly T[], seconds: number): T | undefined {
  let found: T | undefined;
  for (const chapter of chapters) if (chapter.start_ms <= seconds * 1000) found = chapter;
  return found;
}

/** Fractions of the bar where chapters begin, without the one at the very start. */
export function chapterFractions(chapters: readonly ChapterMark[], duration: number): number[] {
  if (!(duration > 0)) return [];
  return chapters.map((chapter) => chapter.start_ms / 1000 / duration).filter((at) => at > 0.001 && at < 0.999);
}

/** The end of the buffered stretch around `seconds`, or `seconds` when nothing is buffered there. */
export function bufferedEnd(ranges: { length: number; start(i: number): number; end(i: number): number }, seconds: number): number {
  for (let i = 0; i < ranges.length; i += 1) {
    if (ranges.start(i) <= seconds + 0.25 && seconds <= ranges.end(i)) return ranges.end(i);
  }
  return seconds;
}

/**
 * The time a viewer who stopped at `resume_ms` starts from, in seconds: the beginning when hardly begun or
 * as good as finished, else a little earlier than the stop.
 */
export function resumeSeconds(resume_ms: number, duration_ms: number): number {
  if (resume_ms < 15_000) return 0;
  if (duration_ms > 0 && resume_ms > duration_ms - 10_000) return 0;
  return Math.max(0, resume_ms / 1000 - 2);
}
