// Shows that the player's small decisions are right: claims, keys, times, subtitles, progress. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generalProfile, profileFor, type Platform } from './capabilities.ts';
import { shiftCues } from './cues.ts';
import { commandOf, stepRate, type Press } from './keys.ts';
import { ProgressReporter, type Report } from './progress.ts';
import type { AudioChoice, SubtitleChoice } from './reply.ts';
import { bufferedEnd, chapterAt, chapterFractions, clamp, clock, fractionAt, resumeSeconds } from './timeline.ts';
import { languageName, languageTag, preferredAudio, preferredSubtitles } from './tracks.ts';
import { heightsBelow, NOTHING_REFUSED, refuse, wishOf } from './wish.ts';

const browser = (known: string[], source = known): Platform => ({
  canPlayType: (type) => (known.some((part) => type.includes(part)) ? 'maybe' : ''),
  isTypeSupported: (type) => source.some((part) => type.includes(part)),
  hdrScreen: false,
  outputChannels: 0,
});
const CHROMIUM = ['video/mp4', 'video/webm', 'audio/mpeg', 'mp4a.40.2', 'avc1.64', 'opus', 'vp09.00', '"vp9"', 'flac'];

test('only what the browser answers yes to is claimed', () => {
  const profile = generalProfile(browser(['video/webm', '"vp9"', 'opus'], []), false);
  assert.deepEqual(profile.containers, ['webm']);
  assert.ok(!profile.video_codecs.includes('hevc') || profile.containers.includes('mp4'));
  assert.equal(profile.hls, false);
  assert.equal(profile.hdr, false);
  const nothing = generalProfile(browser([]), false);
  assert.deepEqual([nothing.containers, nothing.video_codecs, nothing.audio_codecs], [[], [], []]);
  assert.equal(nothing.max_bit_depth, 8);
});

test('ten bits are claimed only when every claimed codec has them', () => {
  const types = ['avc1.640028', 'vp09.00.41.08', 'avc1.6E0028'];
  assert.equal(generalProfile(browser(types), true).max_bit_depth, 8);
  assert.equal(generalProfile(browser([...types, 'vp09.02.41.10']), true).max_bit_depth, 10);
});

test('a codec known in general but not in this form is taken out, except H.264', async () => {
  const platform = browser(['hvc1.1.6', 'avc1.640028', 'video/mp4"']);
  const general = generalProfile(platform, true);
  assert.deepEqual(general.video_codecs, ['h264', 'hevc']);
  const ten = await profileFor(platform, general, { codec: 'hevc', codec_string: 'hvc1.2.4.L153.B0' });
  assert.deepEqual(ten.video_codecs, ['h264']);
  const hi10 = await profileFor(platform, { ...general, max_bit_depth: 10 }, { codec: 'h264', codec_string: 'avc1.6E0033' });
  assert.deepEqual([hi10.video_codecs, hi10.max_bit_depth], [['h264', 'hevc'], 8]);
  assert.equal(await profileFor(platform, general, { codec: 'hevc' }), general);
  assert.equal(await profileFor(platform, general, undefined), general);
});

test('the size of the picture is asked for, and a "no" counts', async () => {
  const asked: MediaDecodingConfiguration[] = [];
  const platform: Platform = {
    ...browser(['hvc1']),
    decodingInfo: (wanted) => {
      asked.push(wanted);
      return Promise.resolve({ supported: false });
    },
  };
  const general = generalProfile(platform, true);
  const track = { codec: 'hevc', codec_string: 'hvc1.1.6.L186.B0', width: 7680, height: 4320, bit_rate_kbps: 90_000, frame_rate: 50 };
  assert.ok(!(await profileFor(platform, general, track)).video_codecs.includes('hevc'));
  assert.equal(asked[0]?.video?.bitrate, 90_000_000);
  const throwing: Platform = { ...platform, decodingInfo: () => Promise.reject(new TypeError('bad')) };
  assert.ok((await profileFor(throwing, general, track)).video_codecs.includes('hevc'));
});

test('a wish leaves out what was refused and tells the chosen height from that of the player', () => {
  const profile = generalProfile(browser(CHROMIUM), true);
  const refused = refuse(refuse(NOTHING_REFUSED, { decision: 'direct_play', video: 'h264', audio: 'mp3', height: 1080 }) ?? NOTHING_REFUSED, { decision: 'remux', video: 'h264', audio: 'aac', height: 1080 });
  const wish = wishOf(profile, refused ?? NOTHING_REFUSED, { max_height: 1080, audio_stream: 3 });
  assert.deepEqual(wish.containers, []);
  assert.ok(wish.video_codecs.includes('h264'));
  assert.ok(!wish.audio_codecs.includes('mp3'));
  assert.deepEqual([wish.max_height, wish.quality_max_height, wish.audio_stream], [720, 1080, 3]);
  assert.equal(refuse(NOTHING_REFUSED, { decision: 'transcode', video: 'h264' }), null);
  assert.deepEqual(heightsBelow(1080), [720, 480, 360, 240]);
});

test('keys do what the help says, and a control keeps its own', () => {
  const press = (key: string, change: Partial<Press> = {}): Press => ({ key, shift: false, modified: false, on: 'nothing', ...change });
  const cases: [Press, unknown][] = [
    [press(' '), { do: 'toggle' }],
    [press(' ', { on: 'button' }), null],
    [press('k', { on: 'button' }), { do: 'toggle' }],
    [press('K'), { do: 'toggle' }],
    [press('j'), { do: 'skip', seconds: -10 }],
    [press('l'), { do: 'skip', seconds: 10 }],
    [press('ArrowLeft'), { do: 'skip', seconds: -5 }],
    [press('ArrowUp', { on: 'menu' }), null],
    [press('ArrowRight', { on: 'range' }), null],
    [press('7'), { do: 'fraction', of: 0.7 }],
    [press('7', { on: 'menu' }), null],
    [press('['), { do: 'rate', by: -1 }],
    [press('?', { shift: true }), { do: 'help' }],
    [press('N', { shift: true }), { do: 'next' }],
    [press('n'), null],
    [press('f', { modified: true }), null],
    [press('f', { on: 'text' }), null],
    [press('Escape', { on: 'menu' }), { do: 'escape' }],
    [press('Tab'), null],
  ];
  for (const [given, wanted] of cases) assert.deepEqual(commandOf(given), wanted, JSON.stringify(given));
});

test('speed steps stay within what is offered', () => {
  assert.equal(stepRate(1, 1), 1.25);
  assert.equal(stepRate(1, -1), 0.75);
  assert.equal(stepRate(3, 1), 3);
  assert.equal(stepRate(0.5, -1), 0.5);
});

test('times are written as people write them', () => {
  const cases: [number, string][] = [[0, '0:00'], [65, '1:05'], [3600, '1:00:00'], [3729.9, '1:02:09'], [-4, '0:00'], [NaN, '0:00']];
  for (const [seconds, text] of cases) assert.equal(clock(seconds), text);
  assert.equal(clock(65, true), '0:01:05');
});

test('the bar knows its fractions, chapters and buffers', () => {
  assert.equal(fractionAt(150, 100, 200), 0.25);
  assert.equal(fractionAt(0, 100, 200), 0);
  assert.equal(fractionAt(1, 0, 0), 0);
  assert.equal(clamp(-3, 10), 0);
  assert.equal(clamp(30, 10), 10);
  assert.equal(clamp(NaN, 10), 0);
  const chapters = [{ start_ms: 0 }, { start_ms: 30_000 }, { start_ms: 90_000 }];
  assert.equal(chapterAt(chapters, 45), chapters[1]);
  assert.equal(chapterAt([], 45), undefined);
  assert.deepEqual(chapterFractions(chapters, 120), [0.25, 0.75]);
  assert.deepEqual(chapterFractions(chapters, NaN), []);
  const ranges = { length: 2, start: (i: number) => [0, 50][i] ?? 0, end: (i: number) => [10, 70][i] ?? 0 };
  assert.equal(bufferedEnd(ranges, 5), 10);
  assert.equal(bufferedEnd(ranges, 49.9), 70);
  assert.equal(bufferedEnd(ranges, 30), 30);
});

test('a film continues a little before the stop, and starts over when hardly begun or over', () => {
  const cases: [number, number, number][] = [[0, 100_000, 0], [14_000, 100_000, 0], [50_000, 100_000, 48], [95_000, 100_000, 0], [50_000, 0, 48]];
  for (const [resume, duration, seconds] of cases) assert.equal(resumeSeconds(resume, duration), seconds);
});

test('languages are read in every form and named in the reader\'s words', () => {
  assert.equal(languageTag('dut'), 'nl');
  assert.equal(languageTag('pt-BR'), 'pt-br');
  for (const none of [null, undefined, '', 'und', 'zxx']) assert.equal(languageTag(none), null);
  assert.equal(languageName('ger', 'nl'), 'Duits');
  assert.equal(languageName('not a language!', 'en'), 'not a language!');
});

test('sound and subtitles follow what the viewer chose before', () => {
  const audio = [{ stream: 1, language: 'eng' }, { stream: 2, language: 'nld' }] as AudioChoice[];
  assert.equal(preferredAudio(audio, { subtitles: null, audio: 'nl' }), 2);
  assert.equal(preferredAudio(audio, { subtitles: null, audio: 'fr' }), undefined);
  const subtitle = (id: string, language: string, change: Partial<SubtitleChoice> = {}): SubtitleChoice => ({
    id, language, title: null, forced: false, hearing_impaired: false, default: false, url: '', format: 'webvtt', ...change,
  });
  const list = [subtitle('f', 'eng', { forced: true }), subtitle('h', 'dut', { hearing_impaired: true }), subtitle('n', 'dut'), subtitle('d', 'ger', { default: true })];
  const cases: [string | null, string | null, string | null][] = [['nl', 'eng', 'n'], ['off', 'eng', 'f'], ['off', 'nld', null], [null, 'eng', 'd'], ['fr', 'eng', 'd']];
  for (const [taste, spoken, id] of cases) assert.equal(preferredSubtitles(list, spoken, { subtitles: taste, audio: null }), id);
  assert.equal(preferredSubtitles([], 'en', { subtitles: 'nl', audio: null }), null);
});

test('shifted subtitles are always counted from the file and never turn inside out', () => {
  const cue = { startTime: 10, endTime: 12 };
  shiftCues([cue], 2);
  shiftCues([cue], 3);
  assert.deepEqual(cue, { startTime: 13, endTime: 15 });
  shiftCues([cue], -11);
  assert.deepEqual(cue, { startTime: 0, endTime: 1 });
  shiftCues([cue], 0);
  assert.deepEqual(cue, { startTime: 10, endTime: 12 });
});

test('the place is told every ten seconds, at once when it matters, and never twice', () => {
  const sent: [Report, boolean][] = [];
  const reporter = new ProgressReporter((report, leaving) => sent.push([report, leaving]));
  reporter.tick(0.5, 1000);
  reporter.tick(9, 10_900);
  assert.equal(sent.length, 0);
  reporter.tick(10, 11_000);
  assert.deepEqual(sent, [[{ position_ms: 10_000 }, false]]);
  reporter.now(10.2, 12_000);
  assert.equal(sent.length, 1);
  reporter.now(20, 13_000, true);
  assert.deepEqual(sent[1], [{ position_ms: 20_000 }, true]);
  reporter.now(0, 14_000);
  assert.deepEqual(sent[2], [{ position_ms: 0 }, false]);
  reporter.now(NaN, 99_000);
  assert.equal(sent.length, 3);
});
