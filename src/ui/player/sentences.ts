// Says in the reader's language why something is converted and why something failed. Never: the API's English where we know better.
import type { Item } from '../api/types.ts';
import { t } from '../words/words.svelte.ts';
import type { Failure } from './controller.ts';
import type { Playback, Reason } from './reply.ts';

// Proper names; they are the same in every language.
const NAMES: Record<string, string> = {
  mp4: 'MP4', matroska: 'Matroska (MKV)', webm: 'WebM', mpegts: 'MPEG-TS', mpegps: 'MPEG-PS', avi: 'AVI', asf: 'Windows Media',
  flv: 'Flash', ogg: 'Ogg', wav: 'WAV', h264: 'H.264', hevc: 'HEVC (H.265)', av1: 'AV1', vp8: 'VP8', vp9: 'VP9',
  mpeg1video: 'MPEG-1', mpeg2video: 'MPEG-2', mpeg4: 'MPEG-4 (DivX, Xvid)', vc1: 'VC-1', wmv: 'Windows Media', theora: 'Theora',
  mjpeg: 'Motion JPEG', prores: 'ProRes', aac: 'AAC', mp3: 'MP3', mp2: 'MP2', ac3: 'Dolby Digital', eac3: 'Dolby Digital Plus',
  dts: 'DTS', truehd: 'Dolby TrueHD', flac: 'FLAC', alac: 'Apple Lossless', opus: 'Opus', vorbis: 'Vorbis', pcm: 'PCM', wma: 'Windows Media',
};

/** A codec or container as people call it. */
export function properName(code: string | null | undefined): string | null {
  return code ? (NAMES[code] ?? null) : null;
}

/** One sentence for a reason; `item` gives the names of what the file holds. */
export function reasonSentence(reason: Reason, item: Item | null, audioStream?: number): string {
  const known: Record<string, string | ((name: string) => string)> = t.player.reasons;
  const words = known[reason.code];
  if (words === undefined) return reason.text;
  if (typeof words === 'string') return words;
  const sound = item?.tracks.audio.find((track) => track.stream === audioStream) ?? item?.tracks.audio.find((track) => track.default) ?? item?.tracks.audio[0];
  const codes: Record<string, string | null | undefined> = {
    container: item?.file?.container,
    video_codec: item?.tracks.video[0]?.codec,
    audio_codec: sound?.codec,
  };
  return words(properName(codes[reason.code]) ?? t.player.thisFormat);
}

/** How it is played and why, each thing once. */
export function whySentences(playback: Playback, item: Item | null, audioStream?: number): string[] {
  const reasons = playback.reasons.map((reason) => reasonSentence(reason, item, audioStream));
  return [t.player.ways[playback.decision], ...new Set(reasons)];
}

/** What a failure means, and what helps. */
export function failureSentence(failure: Failure): string {
  const known: Record<string, string> = t.player.failures;
  return known[failure.code] ?? (failure.detail || t.player.failures.other);
}
