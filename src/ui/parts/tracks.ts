// What a file's tracks are called: codecs, channels, picture sizes. Never: a codec's name in more words than people use.
import type { AudioTrack, Item, Reason, SubtitleTrack, VideoTrack } from '../api/types.ts';
import { languageName } from '../player/tracks.ts';
import { number } from '../words/format.ts';
import { locale, t } from '../words/words.svelte.ts';

const NAMES: Record<string, string> = {
  h264: 'H.264',
  hevc: 'HEVC',
  mpeg1video: 'MPEG-1',
  mpeg2video: 'MPEG-2',
  mpeg4: 'MPEG-4',
  wmv: 'Windows Media',
  vc1: 'VC-1',
  theora: 'Theora',
  mjpeg: 'Motion JPEG',
  prores: 'ProRes',
  ac3: 'Dolby Digital',
  eac3: 'Dolby Digital Plus',
  truehd: 'Dolby TrueHD',
  alac: 'Apple Lossless',
  wma: 'Windows Media',
  opus: 'Opus',
  vorbis: 'Vorbis',
  srt: 'SubRip',
  webvtt: 'WebVTT',
  mov_text: 'MP4',
  vobsub: 'VobSub',
  matroska: 'Matroska',
  webm: 'WebM',
  mpegts: 'MPEG-TS',
  mpegps: 'MPEG-PS',
  asf: 'Windows Media',
  flv: 'Flash',
  ogg: 'Ogg',
};

const HDR: Record<string, string> = { hdr10: 'HDR10', hlg: 'HLG', dolby_vision: 'Dolby Vision' };

/** What people call a codec or a container; empty for none and for those without a name of their own. */
export function codecName(codec: string | null | undefined): string {
  if (!codec || codec === 'other') return '';
  return NAMES[codec] ?? codec.replaceAll('_', ' ').toUpperCase();
}

/** What the track or file is that a reason speaks of, by its name. */
export function subjectOf(reason: Reason, item: Item): string {
  const tracks = [...item.tracks.video, ...item.tracks.audio];
  return codecName(reason.track === null ? item.file?.container : tracks.find((each) => each.stream === reason.track)?.codec);
}

export function channelsName(channels: number): string {
  if (channels === 6) return '5.1';
  if (channels === 8) return '7.1';
  return t.item.channels(channels);
}

/** "4K", "1080p", "576i": by width too, because wide films have fewer lines. */
export function resolutionName(track: VideoTrack): string {
  const { width, height } = track;
  if (width >= 3200 || height >= 1800) return '4K';
  const lines = [1440, 1080, 720].find((each) => height >= each * 0.9 || width >= (each * 16 * 0.9) / 9) ?? height;
  return `${lines}${track.interlaced ? 'i' : 'p'}`;
}

export function hdrName(track: VideoTrack): string | null {
  return HDR[track.hdr] ?? null;
}

function rate(kbps: number | null): string | null {
  if (kbps === null) return null;
  return kbps >= 1000 ? `${number(kbps / 1000, 1)} Mbit/s` : `${number(kbps)} kbit/s`;
}

function line(parts: (string | null | false)[]): string {
  return parts.filter(Boolean).join(' · ');
}

export function languageOf(track: { language: string | null }): string {
  return languageName(track.language, locale()) ?? t.item.unknownLanguage;
}

export function videoLine(track: VideoTrack): string {
  return line([
    `${codecName(track.codec)} ${resolutionName(track)}`.trim(),
    `${track.width} × ${track.height}`,
    track.frame_rate !== null && t.item.frames(number(track.frame_rate, 2)),
    track.bit_depth > 8 && t.item.bits(track.bit_depth),
    hdrName(track),
    rate(track.bit_rate_kbps),
  ]);
}

export function audioLine(track: AudioTrack): string {
  return line([
    languageOf(track),
    `${codecName(track.codec)} ${channelsName(track.channels)}`.trim(),
    track.title,
    rate(track.bit_rate_kbps),
  ]);
}

export function subtitleLine(track: SubtitleTrack): string {
  return line([
    languageOf(track),
    track.title,
    track.forced && t.item.forced,
    track.hearing_impaired && t.item.hearingImpaired,
    codecName(track.codec),
    track.external && t.item.external,
  ]);
}
