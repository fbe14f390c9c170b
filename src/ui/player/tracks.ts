// Which sound and which subtitles a viewer most likely wants. Never: elements.
import type { AudioChoice, SubtitleChoice } from './reply.ts';

/** What the viewer chose last time, kept in this browser. */
export interface Taste {
  /** Language of the subtitles, "off", or null when never chosen. */
  subtitles: string | null;
  /** Language of the sound, or null when never chosen. */
  audio: string | null;
}

// ISO 639-2 has two codes for some languages, and files have all three forms.
const SHORT: Record<string, string> = {
  eng: 'en', dut: 'nl', nld: 'nl', ger: 'de', deu: 'de', fre: 'fr', fra: 'fr', spa: 'es', ita: 'it', por: 'pt',
  jpn: 'ja', chi: 'zh', zho: 'zh', rus: 'ru', pol: 'pl', swe: 'sv', nor: 'no', nob: 'nb', dan: 'da', fin: 'fi',
  tur: 'tr', ara: 'ar', heb: 'he', hin: 'hi', kor: 'ko', ces: 'cs', cze: 'cs', hun: 'hu', ell: 'el', gre: 'el',
  ron: 'ro', rum: 'ro', ukr: 'uk', tha: 'th', vie: 'vi', ind: 'id', cat: 'ca', hrv: 'hr', slk: 'sk', slo: 'sk',
  slv: 'sl', bul: 'bg', srp: 'sr', isl: 'is', ice: 'is', est: 'et', lav: 'lv', lit: 'lt', lat: 'la',
};

/** A language tag that `Intl` and `srclang` understand; null for none or "undetermined". */
export function languageTag(language: string | null | undefined): string | null {
  const code = language?.trim().toLowerCase();
  if (!code || code === 'und' || code === 'mul' || code === 'zxx' || code === 'mis') return null;
  const [first = '', ...rest] = code.split(/[-_]/);
  return [SHORT[first] ?? first, ...rest].join('-');
}

/** The language in the words of the reader: "Dutch"; the code itself when it is none that is known. */
export function languageName(language: string | null | undefined, locale: string): string | null {
  const tag = languageTag(language);
  if (!tag) return null;
  try {
    const name = new Intl.DisplayNames([locale], { type: 'language' }).of(tag) ?? tag;
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  } catch {
    return tag;
  }
}

/** The sound to start with when the viewer's language is known; undefined leaves it to the server. */
export function preferredAudio(audio: readonly AudioChoice[], taste: Taste): number | undefined {
  if (!taste.audio) return undefined;
  return audio.find((track) => languageTag(track.language) === taste.audio)?.stream;
}

/**
 * The subtitles to start with: the language chosen before, else what the file marks as default or
 * forced in the language that is spoken, else none.
 */
export function preferredSubtitles(
  subtitles: readonly SubtitleChoice[],
  spoken: string | null | undefined,
  taste: Taste,
): string | null {
  const forced = subtitles.find(
    (track) => track.forced && (!languageTag(spoken) || languageTag(track.language) === languageTag(spoken)),
  );
  if (taste.subtitles === 'off') return forced?.id ?? null;
  if (taste.subtitles) {
    const wanted = subtitles.filter((track) => languageTag(track.language) === taste.subtitles);
    const full = wanted.find((track) => !track.forced && !track.hearing_impaired) ?? wanted.find((track) => !track.forced);
    if (full ?? wanted[0]) return (full ?? wanted[0])?.id ?? null;
  }
  return (subtitles.find((track) => track.default) ?? forced)?.id ?? null;
}
