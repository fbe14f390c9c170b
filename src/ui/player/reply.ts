// The parts of an answer to a wish to play, under names of their own. Never: a value the API does not know.
import type { Playback } from '../api/types.ts';

export type { Chapter, ItemSummary, Playback, Reason } from '../api/types.ts';

export type Decision = Playback['decision'];
export type AudioChoice = Playback['audio'][number];
export type SubtitleChoice = Playback['subtitles'][number];

/** True when the address is a playlist of segments and not a file. */
export function isHls(playback: Pick<Playback, 'url' | 'mime'>): boolean {
  return /mpegurl/i.test(playback.mime) || /\.m3u8(\?|$)/.test(playback.url);
}
