// Shows that playing goes on through refusals, expiry, lost connections and codecs that fail. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlayerController, switchesSoundInPlace, type PlayerState, type Refusal } from './controller.ts';
import type { Playback } from './reply.ts';
import type { Wish } from './wish.ts';

const PROFILE = {
  containers: ['mp4', 'webm'], video_codecs: ['h264', 'hevc', 'vp9'], audio_codecs: ['aac', 'ac3'], max_bit_depth: 8, hdr: false, hls: true,
};

function playback(change: Partial<Playback> = {}): Playback {
  return {
    decision: 'direct_play', backend: null, reasons: [], url: '/t/file', mime: 'video/mp4', expires_at: '', duration_ms: 100_000, resume_ms: 0,
    wants_experience: false,
    audio: [{ stream: 1, language: null, title: null, channels: 2, codec: 'aac', default: true }],
    subtitles: [], chapters: [], next: null, video: { codec: 'hevc', width: 1920, height: 1080 }, ...change,
  };
}

class Stage {
  wishes: Wish[] = [];
  attached: [string, number | null][] = [];
  states: PlayerState[] = [];
  position: number | null = null;
  detached = 0;
  timers: { ms: number; then: () => void }[] = [];
  answers: (Playback | Refusal)[] = [];
  readonly player: PlayerController;

  constructor(at: number | null = null) {
    this.player = new PlayerController(
      {
        profile: () => Promise.resolve(PROFILE),
        ask: (wish) => {
          this.wishes.push(wish);
          const answer = this.answers.shift() ?? playback();
          return 'status' in answer ? Promise.reject(answer) : Promise.resolve(answer);
        },
        refusal: (error) => error as Refusal,
        attach: (answer, at_s) => this.attached.push([answer.url, at_s]),
        detach: () => (this.detached += 1),
        position: () => this.position,
        after: (ms, then) => {
          const timer = { ms, then };
          this.timers.push(timer);
          return () => (this.timers = this.timers.filter((other) => other !== timer));
        },
        changed: (state) => this.states.push(state),
      },
      at,
    );
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 8; i += 1) await Promise.resolve();
  }

  async start(...answers: (Playback | Refusal)[]): Promise<this> {
    this.answers = answers;
    this.player.start();
    await this.settle();
    return this;
  }

  async wait(): Promise<number> {
    let seconds = 0;
    for (let timer = this.timers.shift(); timer; timer = this.timers.shift()) {
      seconds += timer.ms / 1000;
      timer.then();
      await this.settle();
    }
    return seconds;
  }

  get phase(): string {
    return this.player.state.phase;
  }
}

const refusal = (status: number, code = '', retry_after_s?: number): Refusal => ({ status, code, detail: 'text', retry_after_s });

test('an answer is attached where the viewer asked to start, and plays', async () => {
  const stage = await new Stage(42).start(playback());
  assert.deepEqual(stage.attached, [['/t/file', 42]]);
  assert.equal(stage.phase, 'attaching');
  stage.player.playing();
  assert.equal(stage.phase, 'playing');
});

test('a direct play that cannot be decoded is asked again without its codec, then converted, then given up', async () => {
  const stage = await new Stage().start(playback(), playback({ decision: 'remux', video: { codec: 'h264', width: 1280, height: 720 } }), playback({ decision: 'transcode' }));
  stage.position = 12;
  stage.player.trouble({ kind: 'media' });
  await stage.settle();
  assert.deepEqual(stage.wishes[1]?.containers, []);
  assert.deepEqual(stage.wishes[1]?.video_codecs, ['h264', 'vp9']);
  assert.deepEqual(stage.attached[1], ['/t/file', 12]);
  assert.equal(stage.player.state.fell_back, true);
  stage.player.trouble({ kind: 'media' });
  await stage.settle();
  assert.equal(stage.wishes[2]?.max_height, 480);
  stage.player.trouble({ kind: 'media' });
  assert.equal(stage.phase, 'failed');
  assert.equal(stage.player.state.failure?.code, 'cannot_decode');
  assert.equal(stage.detached, 1);
});

test('an address that ran out is renewed at the same place, but not for ever', async () => {
  const stage = await new Stage().start();
  stage.player.playing();
  stage.position = 33;
  for (let i = 0; i < 3; i += 1) {
    stage.player.trouble({ kind: 'network', status: 403 });
    await stage.settle();
    assert.deepEqual(stage.attached.at(-1), ['/t/file', 33]);
  }
  stage.player.progressed();
  stage.player.trouble({ kind: 'network', status: 403 });
  await stage.settle();
  assert.equal(stage.phase, 'attaching');
  for (let i = 0; i < 3; i += 1) {
    stage.player.trouble({ kind: 'network', status: 403 });
    await stage.settle();
  }
  assert.equal(stage.player.state.failure?.code, 'address_refused');
});

test('a busy box is asked again after the time it named, counting down', async () => {
  const stage = await new Stage().start(refusal(503, 'busy', 7), playback());
  assert.equal(stage.phase, 'busy');
  assert.equal(stage.player.state.retry_in_s, 7);
  assert.equal(await stage.wait(), 7);
  assert.equal(stage.phase, 'attaching');
  const shown = stage.states.filter((state) => state.phase === 'busy').map((state) => state.retry_in_s);
  assert.deepEqual([...new Set(shown)], [7, 6, 5, 4, 3, 2, 1]);
});

test('a disk that does not answer is named, and asked again', async () => {
  const stage = await new Stage().start(refusal(503, 'disk_not_answering', 7), playback());
  assert.equal(stage.phase, 'lost');
  assert.equal(stage.player.state.failure?.code, 'disk_not_answering');
  assert.equal(await stage.wait(), 7);
  assert.equal(stage.phase, 'attaching');
});

test('a lost connection is tried again ever more slowly, and at once when it is said to be back', async () => {
  const stage = await new Stage().start(playback(), refusal(0), refusal(0), refusal(0), playback());
  stage.player.playing();
  stage.position = 50;
  stage.player.trouble({ kind: 'network', status: 0 });
  const waits: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    assert.equal(stage.phase, 'lost');
    waits.push(stage.player.state.retry_in_s);
    for (let second = stage.player.state.retry_in_s; second > 0; second -= 1) {
      stage.timers.shift()?.then();
      await stage.settle();
    }
  }
  assert.deepEqual(waits, [1, 2, 4]);
  stage.player.online();
  await stage.settle();
  assert.deepEqual(stage.attached.at(-1), ['/t/file', 50]);
  assert.equal(stage.timers.length, 0);
});

test('refusals that asking again cannot help are shown with their code', async () => {
  for (const [status, code] of [[404, 'not_found'], [409, 'not_available'], [422, 'nothing_playable'], [401, 'signed_out']] as const) {
    const stage = await new Stage().start(refusal(status, code));
    assert.equal(stage.phase, 'failed');
    assert.deepEqual(stage.player.state.failure, { code, detail: 'text' });
    assert.equal(stage.timers.length, 0);
  }
});

test('a failing server is tried a few times, then shown, and can be retried by hand', async () => {
  const stage = await new Stage().start(refusal(500), refusal(500), refusal(500), refusal(500), playback());
  await stage.wait();
  assert.equal(stage.phase, 'failed');
  assert.equal(stage.wishes.length, 4);
  stage.player.retry();
  await stage.settle();
  assert.equal(stage.phase, 'attaching');
});

test('a copied part that the box cannot make is asked for as a conversion at the same place; a conversion ends it', async () => {
  const hevc = playback({ decision: 'remux', audio: [{ stream: 1, language: null, title: null, channels: 6, codec: 'ac3', default: true }] });
  const stage = await new Stage().start(hevc, playback({ decision: 'transcode' }));
  stage.player.playing();
  stage.position = 21;
  stage.player.trouble({ kind: 'network', status: 422 });
  await stage.settle();
  assert.deepEqual(stage.wishes[1]?.video_codecs, ['h264', 'vp9']);
  assert.deepEqual(stage.wishes[1]?.audio_codecs, ['aac']);
  assert.deepEqual(stage.attached[1], ['/t/file', 21]);
  assert.equal(stage.phase, 'attaching');
  assert.equal(stage.player.state.fell_back, true);
  stage.player.trouble({ kind: 'network', status: 422 });
  assert.equal(stage.phase, 'failed');
  assert.equal(stage.player.state.failure?.code, 'server_error');
});

test('a copy of H.264 that the box cannot make is forced into a conversion by one rung less', async () => {
  const h264 = playback({ decision: 'remux', video: { codec: 'h264', width: 1920, height: 1080 } });
  const stage = await new Stage().start(h264, playback({ decision: 'transcode' }));
  stage.player.trouble({ kind: 'network', status: 422 });
  await stage.settle();
  assert.equal(stage.wishes[1]?.max_height, 720);
});

test('a place sought while the box is asked is where it goes on', async () => {
  const stage = await new Stage(5).start(refusal(503, 'busy', 1), playback());
  stage.timers.shift()?.then();
  stage.position = 60;
  await stage.settle();
  assert.deepEqual(stage.attached, [['/t/file', 60]]);
});

test('a part refused for another reason ends it at once, a box in trouble is given time', async () => {
  const refused = await new Stage().start();
  refused.player.trouble({ kind: 'network', status: 400 });
  assert.equal(refused.player.state.failure?.code, 'server_error');
  assert.equal(refused.phase, 'failed');
  const troubled = await new Stage().start();
  troubled.player.trouble({ kind: 'network', status: 500 });
  assert.equal(troubled.phase, 'lost');
  assert.equal(troubled.player.state.failure?.code, 'server_error');
});

test('choosing quality and sound asks again at the same place and keeps both choices', async () => {
  const stage = await new Stage().start();
  stage.position = 9;
  stage.player.choose({ max_height: 480 });
  await stage.settle();
  stage.player.choose({ audio_stream: 2 });
  await stage.settle();
  assert.equal(stage.wishes[2]?.quality_max_height, 480);
  assert.equal(stage.wishes[2]?.audio_stream, 2);
  stage.player.choose({ max_height: undefined });
  await stage.settle();
  assert.equal('quality_max_height' in (stage.wishes[3] ?? {}), false);
  assert.equal(stage.attached.at(-1)?.[1], 9);
});

test('an answer that comes after a newer wish, or after leaving, is dropped', async () => {
  const stage = new Stage();
  stage.player.start();
  stage.player.choose({ max_height: 480 });
  await stage.settle();
  assert.equal(stage.attached.length, 1);
  stage.player.choose({ max_height: 720 });
  stage.player.close();
  await stage.settle();
  assert.equal(stage.attached.length, 1);
});

test('sound changes in place only when the playlist has every track', () => {
  const two = playback().audio.concat(playback().audio);
  assert.equal(switchesSoundInPlace(playback({ url: '/t/main.m3u8', audio: two }), 2), true);
  assert.equal(switchesSoundInPlace(playback({ url: '/t/main.m3u8', audio: two }), 1), false);
  assert.equal(switchesSoundInPlace(playback({ audio: two }), 2), false);
});
