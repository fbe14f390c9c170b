// Asks the browser what it can play and writes it down as the server expects it. Never: a guess from the browser's name; what cannot be asked is not claimed.

/** What `POST items/{id}/playback` is told about this browser. */
export interface Profile {
  containers: string[];
  video_codecs: string[];
  audio_codecs: string[];
  max_bit_depth: number;
  max_audio_channels?: number;
  hdr: boolean;
  hls: boolean;
}

/** The parts of the platform that answer; injected, so that a test can be any browser. */
export interface Platform {
  /** `HTMLMediaElement.canPlayType`. */
  canPlayType(type: string): string;
  /** `MediaSource.isTypeSupported`; absent where there is no MediaSource. */
  isTypeSupported?: (type: string) => boolean;
  /** `navigator.mediaCapabilities.decodingInfo`; absent outside secure contexts in some browsers. */
  decodingInfo?: (configuration: MediaDecodingConfiguration) => Promise<{ supported: boolean }>;
  /** True when the screen shows high dynamic range. */
  hdrScreen: boolean;
  /** Channels the audio output takes; 0 when unknown. */
  outputChannels: number;
}

/** The first picture track of an item, as far as it narrows the claim. */
export interface KnownTrack {
  codec: string;
  codec_string?: string | null | undefined;
  width?: number | null | undefined;
  height?: number | null | undefined;
  bit_depth?: number | null | undefined;
  frame_rate?: number | null | undefined;
  bit_rate_kbps?: number | null | undefined;
}

const CONTAINERS: [string, string[]][] = [
  ['mp4', ['video/mp4']],
  ['webm', ['video/webm']],
  ['matroska', ['video/x-matroska', 'video/matroska']],
  ['mpegts', ['video/mp2t']],
  ['ogg', ['audio/ogg; codecs="vorbis"']],
  ['mp3', ['audio/mpeg']],
  ['flac', ['audio/flac']],
  ['wav', ['audio/wav; codecs="1"', 'audio/wav']],
  ['aac', ['audio/aac']],
];

// Each name with example strings of an ordinary stream; one that is supported is enough.
const VIDEO: [string, string[]][] = [
  ['h264', ['video/mp4; codecs="avc1.640028"']],
  ['hevc', ['video/mp4; codecs="hvc1.1.6.L120.90"', 'video/mp4; codecs="hev1.1.6.L120.90"']],
  ['av1', ['video/mp4; codecs="av01.0.08M.08"', 'video/webm; codecs="av01.0.08M.08"']],
  ['vp9', ['video/mp4; codecs="vp09.00.41.08"', 'video/webm; codecs="vp9"']],
  ['vp8', ['video/webm; codecs="vp8"']],
];

const AUDIO: [string, string[]][] = [
  ['aac', ['audio/mp4; codecs="mp4a.40.2"']],
  ['mp3', ['audio/mpeg', 'audio/mp4; codecs="mp4a.69"', 'audio/mp4; codecs="mp3"']],
  ['ac3', ['audio/mp4; codecs="ac-3"']],
  ['eac3', ['audio/mp4; codecs="ec-3"']],
  ['flac', ['audio/mp4; codecs="flac"', 'audio/flac']],
  ['alac', ['audio/mp4; codecs="alac"']],
  ['opus', ['audio/mp4; codecs="opus"', 'audio/webm; codecs="opus"', 'audio/ogg; codecs="opus"']],
  ['vorbis', ['audio/webm; codecs="vorbis"', 'audio/ogg; codecs="vorbis"']],
  ['pcm', ['audio/wav; codecs="1"']],
];

// The same codecs with ten bits a colour: claimed only when every claimed codec that has such a
// form plays it, because the profile has one depth for all of them.
const TEN_BIT: Record<string, string[]> = {
  h264: ['video/mp4; codecs="avc1.6E0028"'],
  hevc: ['video/mp4; codecs="hvc1.2.4.L120.90"', 'video/mp4; codecs="hev1.2.4.L120.90"'],
  av1: ['video/mp4; codecs="av01.0.08M.10"', 'video/webm; codecs="av01.0.08M.10"'],
  vp9: ['video/mp4; codecs="vp09.02.41.10"', 'video/webm; codecs="vp09.02.41.10"'],
};

const CONTENT_TYPE: Record<string, string> = { vp8: 'video/webm' };

/** The platform of the page we run in. */
export function browserPlatform(): Platform {
  const probe = document.createElement('video');
  const source = (window as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource ?? window.MediaSource;
  const platform: Platform = {
    canPlayType: (type) => probe.canPlayType(type),
    hdrScreen: window.matchMedia('(dynamic-range: high)').matches,
    outputChannels: 0,
  };
  if (source) platform.isTypeSupported = (type) => source.isTypeSupported(type);
  const capabilities = navigator.mediaCapabilities as MediaCapabilities | undefined;
  if (capabilities) platform.decodingInfo = (wanted) => capabilities.decodingInfo(wanted);
  return platform;
}

/** What this browser plays in general, with `hls` when either it or our script plays segments. */
export function generalProfile(platform: Platform, hls: boolean): Profile {
  const plays = (type: string): boolean =>
    platform.canPlayType(type) !== '' || (platform.isTypeSupported?.(type) ?? false);
  const names = (table: [string, string[]][]): string[] =>
    table.filter(([, types]) => types.some(plays)).map(([name]) => name);
  const containers = CONTAINERS.filter(([, types]) => types.some((type) => platform.canPlayType(type) !== '')).map(
    ([name]) => name,
  );
  const video_codecs = names(VIDEO);
  const deep = video_codecs.map((name) => TEN_BIT[name]).filter((types) => types !== undefined);
  const profile: Profile = {
    containers,
    video_codecs,
    audio_codecs: names(AUDIO),
    max_bit_depth: deep.length > 0 && deep.every((types) => types.some(plays)) ? 10 : 8,
    hdr: platform.hdrScreen,
    hls,
  };
  if (platform.outputChannels > 0) profile.max_audio_channels = platform.outputChannels;
  return profile;
}

/**
 * The profile for one item: the exact codec string, size and rate of its picture are asked for, and a
 * codec that the browser knows in general but not in this form is taken out.
 */
export async function profileFor(platform: Platform, general: Profile, track: KnownTrack | undefined): Promise<Profile> {
  if (!track || !general.video_codecs.includes(track.codec)) return general;
  const verdict = await playsExactly(platform, track);
  if (verdict === 'unknown') return general;
  if (verdict === 'no') {
    // H.264 stays in the list: it is what a conversion is made into. Depth and the
    // fall-back of the player cover the rare H.264 that cannot be decoded.
    if (track.codec === 'h264') return { ...general, max_bit_depth: 8 };
    return { ...general, video_codecs: general.video_codecs.filter((name) => name !== track.codec) };
  }
  return { ...general, max_bit_depth: Math.max(general.max_bit_depth, track.bit_depth ?? 8) };
}

async function playsExactly(platform: Platform, track: KnownTrack): Promise<'yes' | 'no' | 'unknown'> {
  if (!track.codec_string) return 'unknown';
  const contentType = `${CONTENT_TYPE[track.codec] ?? 'video/mp4'}; codecs="${track.codec_string}"`;
  const known = platform.canPlayType(contentType) !== '' || (platform.isTypeSupported?.(contentType) ?? false);
  if (!known) return 'no';
  if (!platform.decodingInfo || !track.width || !track.height) return 'yes';
  try {
    const info = await platform.decodingInfo({
      type: 'file',
      video: {
        contentType,
        width: track.width,
        height: track.height,
        bitrate: (track.bit_rate_kbps ?? 8000) * 1000,
        framerate: track.frame_rate && track.frame_rate > 0 ? track.frame_rate : 25,
      },
    });
    return info.supported ? 'yes' : 'no';
  } catch {
    return 'yes';
  }
}
