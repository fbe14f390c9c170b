// Puts an address on a media element, as a file or as segments, and reports what goes wrong. Never: decides what to do about it.
import type Hls from 'hls.js';
import type { ErrorData, HlsConfig, LoadPolicy } from 'hls.js';
import type { Trouble } from './controller.ts';
import { diagnose, elementTrouble, waitOf } from './diagnosis.ts';
import { Recoveries } from './recoveries.ts';
import { isHls, type Playback } from './reply.ts';

/** Tells the owner what happens; positions are read from the element. */
export interface EngineEvents {
  trouble(trouble: Trouble): void;
  /** The sound tracks of a playlist became known. */
  renditions(count: number): void;
  /** The browser wants a gesture before it plays. */
  blocked(): void;
}

/** What the overlay shows of the inside. */
export interface EngineFacts {
  way: 'file' | 'hls.js' | 'native';
  level: { width: number; height: number; bitrate: number; codecs: string } | null;
  bandwidth_kbps: number | null;
}

type HlsScript = () => Promise<{ default: typeof Hls }>;

const STALL_MS = 12_000;
// hls.js may start this far from the place that was asked for, at the edge of a segment.
const NEAR_S = 0.5;

/** True when segments can be played here, by our script or by the browser itself. */
export function playsSegments(): boolean {
  return sourceExists() || nativeHls(document.createElement('video'));
}

function sourceExists(): boolean {
  return 'MediaSource' in window || 'ManagedMediaSource' in window;
}

function nativeHls(media: HTMLMediaElement): boolean {
  return media.canPlayType('application/vnd.apple.mpegurl') !== '';
}

// Safari's own player can hand over to AirPlay and knows full screen on a phone; others only learned it lately.
function prefersNative(media: HTMLMediaElement): boolean {
  return nativeHls(media) && ('webkitShowPlaybackTargetPicker' in media || !sourceExists());
}

export class Engine {
  readonly media: HTMLMediaElement;
  readonly #events: EngineEvents;
  readonly #script: HlsScript;
  #hls: Hls | null = null;
  #playback: Playback | null = null;
  #place: number | null = null;
  #placed = false;
  #sought = false;
  #recoveries = new Recoveries();
  #stall: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;
  #stop = new AbortController();

  /** `script` fetches hls.js, which only segments need. */
  constructor(media: HTMLMediaElement, events: EngineEvents, script: HlsScript = () => import('hls.js')) {
    this.media = media;
    this.#events = events;
    this.#script = script;
    const on = (name: string, act: () => void): void => media.addEventListener(name, act, { signal: this.#stop.signal });
    on('loadedmetadata', () => this.#goToStart());
    on('loadeddata', () => this.#arrive());
    on('timeupdate', () => this.#note());
    on('seeking', () => this.#note());
    on('error', () => void this.#elementError());
    on('waiting', () => this.#watch());
    on('playing', () => clearTimeout(this.#stall));
    on('pause', () => clearTimeout(this.#stall));
  }

  /** Where the viewer is, in seconds; null before anything was attached. */
  get place(): number | null {
    return this.#place;
  }

  /** Goes to a place; before the first data it is where playing will begin. */
  seek(to_s: number): void {
    this.#place = to_s;
    this.#sought = !this.#placed;
    if (this.media.readyState > 0) this.media.currentTime = to_s;
  }

  /** Loads the answer's address at `at_s`, and plays on unless the viewer had paused. */
  async attach(playback: Playback, at_s: number, play: boolean): Promise<void> {
    this.detach();
    const generation = this.#generation;
    this.#playback = playback;
    this.#place = at_s;
    this.#placed = false;
    this.#sought = false;
    if (isHls(playback) && !prefersNative(this.media)) {
      await this.#attachHls(playback, at_s, generation);
    } else {
      this.media.src = playback.url;
    }
    if (play && generation === this.#generation) this.play();
  }

  play(): void {
    this.media.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#events.blocked();
    });
  }

  detach(): void {
    this.#generation += 1;
    clearTimeout(this.#stall);
    this.#hls?.destroy();
    this.#hls = null;
    this.#playback = null;
    if (this.media.hasAttribute('src')) {
      this.media.removeAttribute('src');
      this.media.load();
    }
  }

  close(): void {
    this.detach();
    this.#stop.abort();
  }

  /** Changes the sound inside a playlist; the index is that of the playlist's list. */
  setRendition(index: number): void {
    if (this.#hls) this.#hls.audioTrack = index;
  }

  facts(): EngineFacts {
    const hls = this.#hls;
    if (!hls) return { way: this.#playback && isHls(this.#playback) ? 'native' : 'file', level: null, bandwidth_kbps: null };
    const level = hls.levels[hls.currentLevel >= 0 ? hls.currentLevel : hls.firstLevel];
    return {
      way: 'hls.js',
      level: level
        ? { width: level.width, height: level.height, bitrate: level.bitrate, codecs: [level.videoCodec, level.audioCodec].filter(Boolean).join(', ') }
        : null,
      bandwidth_kbps: Number.isFinite(hls.bandwidthEstimate) ? Math.round(hls.bandwidthEstimate / 1000) : null,
    };
  }

  async #attachHls(playback: Playback, at_s: number, generation: number): Promise<void> {
    let script: Awaited<ReturnType<HlsScript>>;
    try {
      script = await this.#script();
    } catch {
      if (generation === this.#generation) this.#events.trouble({ kind: 'network', status: 0 });
      return;
    }
    if (generation !== this.#generation) return;
    const Hls = script.default;
    const hls = new Hls(hlsConfig(at_s));
    this.#hls = hls;
    this.#recoveries = new Recoveries();
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, (_, data) => this.#events.renditions(data.audioTracks.length));
    hls.on(Hls.Events.ERROR, (_, data) => this.#hlsError(data));
    hls.loadSource(playback.url);
    hls.attachMedia(this.media);
  }

  #hlsError(data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === 'networkError') {
      const request = data.networkDetails as XMLHttpRequest | null | undefined;
      const header = typeof request?.getResponseHeader === 'function' ? request.getResponseHeader('retry-after') : null;
      this.#events.trouble({ kind: 'network', status: data.response?.code ?? 0, retry_after_s: waitOf(header) });
      return;
    }
    const hopeless = data.details === 'bufferAddCodecError' || data.details === 'manifestIncompatibleCodecsError';
    if (data.type === 'mediaError' && !hopeless && this.#recoveries.take()) {
      this.#hls?.recoverMediaError();
    } else {
      this.#events.trouble({ kind: 'media' });
    }
  }

  async #elementError(): Promise<void> {
    const playback = this.#playback;
    const code = this.media.error?.code;
    // hls.js repairs the element's errors itself.
    if (!playback || !code || code === MediaError.MEDIA_ERR_ABORTED || this.#hls) return;
    const generation = this.#generation;
    const trouble = await elementTrouble(code, playback.url);
    if (generation === this.#generation) this.#events.trouble(trouble);
  }

  // A file whose bytes stop coming raises no error for minutes: ask the box instead of waiting.
  #watch(): void {
    const playback = this.#playback;
    clearTimeout(this.#stall);
    if (!playback || this.#hls || this.media.paused) return;
    const generation = this.#generation;
    this.#stall = setTimeout(() => {
      void diagnose(playback.url).then((trouble) => {
        if (generation !== this.#generation) return;
        if (trouble) this.#events.trouble(trouble);
        else this.#watch();
      });
    }, STALL_MS);
  }

  #goToStart(): void {
    if (!this.#hls && this.#place) this.media.currentTime = this.#place;
  }

  #arrive(): void {
    const { media } = this;
    if (this.#sought && this.#place !== null && Math.abs(media.currentTime - this.#place) > NEAR_S) media.currentTime = this.#place;
    this.#placed = true;
    this.#sought = false;
  }

  #note(): void {
    if (!this.#placed || this.media.readyState === 0 || this.media.error) return;
    this.#place = this.media.currentTime;
    if (!this.media.paused) this.#recoveries.played(this.#place);
  }
}

function patient(longest_ms: number, tries: number): LoadPolicy {
  const backoff = { retryDelayMs: 1000, maxRetryDelayMs: 8000, backoff: 'exponential' as const };
  return {
    default: {
      // A small board may need a while for the first segment of a conversion.
      maxTimeToFirstByteMs: 30_000,
      maxLoadTimeMs: longest_ms,
      timeoutRetry: { maxNumRetry: 2, ...backoff },
      errorRetry: {
        maxNumRetry: tries,
        ...backoff,
        // No answer and a troubled box are worth waiting for while the buffer plays; a refusal is not.
        shouldRetry: (config, count, isTimeout, response) => {
          const status = response?.code ?? 0;
          return !!config && count < config.maxNumRetry && (!!isTimeout || status === 0 || status >= 500);
        },
      },
    },
  };
}

function hlsConfig(at_s: number): Partial<HlsConfig> {
  return {
    startPosition: at_s > 0 ? at_s : -1,
    // What is ahead costs the box work; a minute is enough to survive a weak connection.
    maxBufferLength: 30,
    maxMaxBufferLength: 60,
    backBufferLength: 30,
    manifestLoadPolicy: patient(30_000, 1),
    playlistLoadPolicy: patient(30_000, 2),
    fragLoadPolicy: patient(120_000, 5),
    // Subtitles come as track elements, for files and segments alike.
    enableWebVTT: false,
    enableIMSC1: false,
    enableCEA708Captions: false,
    renderTextTracksNatively: false,
    enableWorker: false,
  };
}
