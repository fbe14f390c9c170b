// Names tracks the way people tell them apart. Never: codec names where a language will do.
import { codecName } from '../parts/tracks.ts';
import { t } from '../words/words.svelte.ts';
import type { AudioChoice, SubtitleChoice } from './reply.ts';
import { languageName } from './tracks.ts';

export interface Label {
  label: string;
  detail?: string;
}

function labelled(name: string | null, title: string | null, index: number, details: (string | null)[]): Label {
  const label = name ?? title ?? `${t.player.unknownLanguage}, ${t.player.track(index + 1)}`;
  const shown = [name && title && title.toLowerCase() !== name.toLowerCase() ? title : null, ...details].filter((part) => part !== null);
  return shown.length > 0 ? { label, detail: shown.join(' · ') } : { label };
}

export function subtitleLabel(track: SubtitleChoice, index: number, locale: string): Label {
  const kinds = [track.forced ? t.player.forced : null, track.hearing_impaired ? t.player.hearingImpaired : null];
  return labelled(languageName(track.language, locale), track.title, index, kinds);
}

export function audioLabel(track: AudioChoice, index: number, locale: string): Label {
  const channels = track.channels === 1 ? t.player.mono : track.channels === 2 ? t.player.stereo : t.player.channels(track.channels);
  const named: Record<number, string> = { 6: '5.1', 8: '7.1' };
  return labelled(languageName(track.language, locale), track.title, index, [named[track.channels] ?? channels, codecName(track.codec) || null]);
}
