// One viewing of one item: joins the controller, the engine and the element, and holds what the screen shows. Never: markup.
import { api, ApiError } from '../api/client.ts';
import type { Item } from '../api/types.ts';
import { number } from '../words/format.ts';
import { t } from '../words/words.svelte.ts';
import { browserPlatform, generalProfile, profileFor, type Profile } from './capabilities.ts';
import { PlayerController, switchesSoundInPlace, type PlayerState } from './controller.ts';
import { shiftCues } from './cues.ts';
import { tellPlace, WakeLock } from './device.ts';
import { Engine, playsSegments } from './engine.ts';
import { Experience } from './experience.ts';
import { loadPrefs, savePrefs, type Prefs } from './prefs.ts';
import { ProgressReporter } from './progress.ts';
import { refusalOf } from './refusal.ts';
import type { Playback } from './reply.ts';
import { bufferedEnd, clamp, resumeSeconds } from './timeline.ts';
import { languageTag, preferredAudio, preferredSubtitles } from './tracks.ts';

const NOTE_MS = 1_600;
// A wheel that shows at once makes short waits look long.
const SPINNER_AFTER_MS = 300;

export class Viewing {
  state = $state.raw<PlayerState | null>(null);
  item = $state.raw<Item | null>(null);
  time = $state(0);
  duration = $state(0);
  buffered = $state(0);
  paused = $state(true);
  waiting = $state(true);
  ended = $state(false);
  blocked = $state(false);
  rate = $state(1);
  prefs = $state.raw<Prefs>(loadPrefs());
  audioStream = $state<number | undefined>();
  subtitle = $state<string | null>(null);
  delay_s = $state(0);
  resumedAt = $state<number | null>(null);
  /** A short message about what just happened, shown and read aloud. */
  note = $state('');
  readonly id: string;
  readonly video: HTMLVideoElement;
  readonly engine: Engine;
  readonly #controller: PlayerController;
  readonly #reporter: ProgressReporter;
  readonly #experience = new Experience(Date.now());
  readonly #wake = new WakeLock();
  readonly #stop = new AbortController();
  #renditions = 0;
  #wantsPlay = true;
  #chosen = false;
  #lastSubtitle: string | null = null;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;
  #waitTimer: ReturnType<typeof setTimeout> | undefined;

  /** `at_s` null continues where the viewer stopped. */
  constructor(id: string, video: HTMLVideoElement, at_s: number | null) {
    this.id = id;
    this.video = video;
    this.engine = new Engine(video, {
      trouble: (trouble) => this.#controller.trouble(trouble),
      renditions: (count) => this.#onRenditions(count),
      blocked: () => (this.blocked = true),
    });
    this.#reporter = new ProgressReporter((report, leaving) => {
      void api.put('items/{id}/progress', { path: { id }, body: report, keepalive: leaving }).catch(() => this.#reporter.forget());
    });
    this.#controller = new PlayerController(
      {
        profile: () => this.#profile(),
        ask: (wish) => api.post('items/{id}/playback', { path: { id }, body: wish }),
        refusal: refusalOf,
        attach: (playback, at) => this.#attach(playback, at),
        detach: () => this.engine.detach(),
        position: () => this.engine.place,
        after: (ms, then) => {
          const timer = setTimeout(then, ms);
          return () => clearTimeout(timer);
        },
        changed: (state) => (this.state = state),
      },
      at_s,
    );
    video.volume = this.prefs.volume;
    video.muted = this.prefs.muted;
    this.#listen();
    this.#controller.start();
  }

  toggle(): void {
    if (this.ended) this.seek(0);
    if (this.video.paused) this.play();
    else this.pause();
  }

  play(): void {
    this.#wantsPlay = true;
    this.blocked = false;
    this.engine.play();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.video.pause();
  }

  seek(seconds: number): void {
    // Before the first answer nobody knows how long it is, nor where the viewer stopped.
    if (!(this.duration > 0)) return;
    const to = clamp(seconds, this.duration);
    this.time = to;
    this.ended = false;
    this.resumedAt = null;
    this.engine.seek(to);
  }

  skip(seconds: number): void {
    if (!(this.duration > 0)) return;
    this.seek((this.engine.place ?? this.time) + seconds);
    this.say(t.player.skipped(seconds));
  }

  setVolume(volume: number, aloud = false): void {
    const level = Math.min(1, Math.max(0, Math.round(volume * 100) / 100));
    this.video.volume = level;
    if (level > 0) this.video.muted = false;
    if (aloud) this.say(t.player.volumeAt(`${Math.round(level * 100)} %`));
  }

  toggleMute(): void {
    this.video.muted = !this.video.muted;
    this.say(this.video.muted ? t.player.muted : t.player.unmute);
  }

  setRate(rate: number): void {
    this.video.defaultPlaybackRate = rate;
    this.video.playbackRate = rate;
    // The element tells later; a second step right after this one starts from here.
    this.rate = rate;
    this.say(t.player.speedAt(`${number(rate, 2)}×`));
  }

  chooseSubtitle(id: string | null, aloud = true): void {
    this.subtitle = id;
    if (id) this.#lastSubtitle = id;
    const track = this.state?.playback?.subtitles.find((each) => each.id === id);
    this.setPrefs({ subtitles: track ? languageTag(track.language) : 'off' });
    if (aloud && !track) this.say(t.player.subtitlesOff);
  }

  toggleSubtitles(): void {
    const list = this.state?.playback?.subtitles ?? [];
    if (list.length === 0) this.say(t.player.noSubtitles);
    else if (this.subtitle) this.chooseSubtitle(null);
    else this.chooseSubtitle(this.#lastSubtitle ?? list.find((each) => !each.forced)?.id ?? list[0]?.id ?? null);
  }

  setDelay(seconds: number): void {
    this.delay_s = Math.round(seconds * 10) / 10;
    this.shift();
  }

  /** Moves the loaded subtitles to the chosen delay. */
  shift(): void {
    for (const track of this.video.textTracks) if (track.cues) shiftCues(Array.from(track.cues), this.delay_s);
  }

  chooseAudio(stream: number): void {
    const playback = this.state?.playback;
    if (!playback) return;
    this.audioStream = stream;
    this.setPrefs({ audio: languageTag(playback.audio.find((track) => track.stream === stream)?.language) });
    const index = playback.audio.findIndex((track) => track.stream === stream);
    if (switchesSoundInPlace(playback, this.#renditions)) this.engine.setRendition(index);
    else this.#controller.choose({ audio_stream: stream });
  }

  chooseHeight(max_height: number | undefined): void {
    this.#controller.choose({ max_height });
  }

  retry(): void {
    this.#controller.retry();
  }

  setPrefs(change: Partial<Prefs>): void {
    this.prefs = { ...this.prefs, ...change };
    savePrefs(this.prefs);
  }

  say(text: string): void {
    // The same words twice are said twice.
    this.note = this.note === text ? `${text}\u00a0` : text;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => (this.note = ''), NOTE_MS);
  }

  close(): void {
    this.#report(true);
    this.#tellExperience();
    this.#stop.abort();
    clearTimeout(this.#noteTimer);
    clearTimeout(this.#waitTimer);
    void this.#wake.set(false);
    this.#controller.close();
    this.engine.close();
  }

  async #profile(): Promise<Profile> {
    const platform = browserPlatform();
    const general = generalProfile(platform, playsSegments());
    try {
      this.item ??= await api.get('items/{id}', { path: { id: this.id } });
    } catch (error) {
      // Without its tracks the claim stays general; an item that is gone is told by the wish itself.
      if (!(error instanceof ApiError)) throw error;
    }
    return profileFor(platform, general, this.item?.tracks.video[0]);
  }

  #attach(playback: Playback, at: number | null): void {
    const start = at ?? resumeSeconds(playback.resume_ms, playback.duration_ms ?? 0);
    if (at === null && start > 0) this.resumedAt = start;
    this.#renditions = 0;
    this.#experience.attached(playback);
    this.#chooseTracks(playback);
    this.duration = (playback.duration_ms ?? 0) / 1000;
    this.time = start;
    this.#spin(true);
    this.ended = false;
    void this.engine.attach(playback, start, this.#wantsPlay);
    this.video.playbackRate = this.rate;
  }

  #chooseTracks(playback: Playback): void {
    const asked = this.state?.choices.audio_stream;
    const kept = playback.audio.some((track) => track.stream === this.audioStream);
    const first = playback.audio.find((track) => track.default) ?? playback.audio[0];
    const current = asked ?? (kept ? this.audioStream : undefined) ?? first?.stream;
    this.audioStream = current;
    if (this.#chosen) {
      if (!playback.subtitles.some((track) => track.id === this.subtitle)) this.subtitle = null;
      return;
    }
    this.#chosen = true;
    const spoken = playback.audio.find((track) => track.stream === current)?.language;
    this.subtitle = preferredSubtitles(playback.subtitles, spoken, this.prefs);
    this.#lastSubtitle = this.subtitle;
  }

  #onRenditions(count: number): void {
    this.#renditions = count;
    const playback = this.state?.playback;
    if (!playback || !switchesSoundInPlace(playback, count)) return;
    // The language chosen for another film is taken over when that costs nothing.
    const wanted = this.state?.choices.audio_stream ?? preferredAudio(playback.audio, this.prefs) ?? this.audioStream;
    const index = playback.audio.findIndex((track) => track.stream === wanted);
    if (index < 0) return;
    this.audioStream = wanted;
    this.engine.setRendition(index);
  }

  #listen(): void {
    const { video } = this;
    const on = (names: string, act: () => void): void => {
      for (const name of names.split(' ')) video.addEventListener(name, act, { signal: this.#stop.signal });
    };
    on('timeupdate', () => this.#onTime());
    on('progress seeking seeked', () => this.#buffer());
    on('durationchange', () => {
      if (Number.isFinite(video.duration) && video.duration > 0) this.duration = video.duration;
    });
    on('play pause', () => this.#onPlayPause());
    on('seeked', () => this.#reporter.now(video.currentTime, Date.now()));
    on('waiting seeking', () => this.#spin(true));
    on('playing canplay seeked', () => {
      if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) this.#spin(false);
    });
    on('loadeddata playing', () => this.#controller.playing());
    on('loadeddata', () => this.#experience.shown(Date.now()));
    on('playing', () => this.#experience.plays(Date.now()));
    on('pause ended', () => this.#experience.pauses(Date.now()));
    on('waiting', () => !video.seeking && !video.paused && this.#experience.waits());
    on('ended', () => {
      this.ended = true;
      this.#report(false);
      this.#tellExperience();
    });
    on('ratechange', () => (this.rate = video.playbackRate));
    on('volumechange', () => this.setPrefs({ volume: video.volume, muted: video.muted }));
    const page = { signal: this.#stop.signal };
    addEventListener('pagehide', () => {
      this.#report(true);
      this.#tellExperience();
    }, page);
    addEventListener('online', () => this.#controller.online(), page);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#report(true);
      else void this.#wake.set(!video.paused);
    }, page);
  }

  #onTime(): void {
    const { video } = this;
    if (this.engine.place === null || video.seeking || video.readyState === 0) return;
    this.time = this.engine.place;
    this.#buffer();
    if (video.paused) return;
    if (this.state?.phase === 'playing') this.#controller.progressed();
    this.#reporter.tick(this.time, Date.now());
  }

  #onPlayPause(): void {
    this.paused = this.video.paused;
    void this.#wake.set(!this.paused);
    if (this.paused && !this.video.ended) this.#report(false);
    if (!this.paused) this.blocked = false;
    tellPlace(this.time, this.duration, this.rate, this.paused);
  }

  #buffer(): void {
    this.buffered = bufferedEnd(this.video.buffered, this.video.currentTime);
  }

  #spin(on: boolean): void {
    clearTimeout(this.#waitTimer);
    if (on) this.#waitTimer = setTimeout(() => (this.waiting = true), SPINNER_AFTER_MS);
    else this.waiting = false;
  }

  // In classes, and only when the box asked for it.
  #tellExperience(): void {
    const body = this.#experience.end(Date.now());
    if (body) void api.post('items/{id}/experience', { path: { id: this.id }, body, keepalive: true }).catch(() => {});
  }

  #report(leaving: boolean): void {
    const { place } = this.engine;
    // Nothing was shown yet: the place the server knows is better than ours.
    if (place === null || (this.state?.phase !== 'playing' && !this.ended)) return;
    this.#reporter.now(place, Date.now(), leaving);
    tellPlace(this.time, this.duration, this.rate, this.paused);
  }
}
