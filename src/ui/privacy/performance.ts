// Adds up what the box keeps about its own speed. Never: a number finer than the classes.
import type { Performance } from '../api/types.ts';

/** The classes of speed, the slowest first; a picture that was not encoded has none. */
export const FACTORS = ['below_500', 'below_900', 'below_1100', 'below_2000', 'above_2000'] as const;

// The registry counts `nothing was played` first.
const FIRST_FACTOR = 1;

export interface Source {
  video_codec: string;
  backend: string;
  /** By the place in `FACTORS`. */
  counts: number[];
}

/** One entry for each codec and encoder, all weeks together, the most used first. */
export function bySource({ rows }: Performance): Source[] {
  const found = new Map<string, Source>();
  for (const row of rows) {
    const key = `${row.video_codec} ${row.backend}`;
    const source = found.get(key) ?? { video_codec: row.video_codec, backend: row.backend, counts: FACTORS.map(() => 0) };
    source.counts = source.counts.map((sum, at) => sum + (row.factor[at + FIRST_FACTOR] ?? 0));
    found.set(key, source);
  }
  const total = (source: Source) => source.counts.reduce((sum, each) => sum + each, 0);
  return [...found.values()].filter((each) => total(each) > 0).sort((a, b) => total(b) - total(a));
}

/** The class that came most often; of several, the slowest. */
export function usual({ counts }: Source): (typeof FACTORS)[number] {
  return FACTORS[counts.indexOf(Math.max(...counts))] ?? FACTORS[0];
}
