// Shows what the engine makes of an element and of hls.js that get into trouble, and where it begins. Never: a browser.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { Trouble } from './controller.ts';
import { Engine } from './engine.ts';
import type { Playback } from './reply.ts';

const FILE = { url: '/t/file', mime: 'video/mp4' } as Playback;
const SEGMENTS = { url: '/t/main.m3u8', mime: 'application/vnd.apple.mpegurl' } as Playback;
const LOST: Trouble = { kind: 'network', status: 0 };

/** As much of a video element as the engine touches. */
class Element extends EventTarget {
  src: string | null = null;
  currentTime = 0;
  readyState = 0;
  paused = true;
  error: { code: number } | null = null;
  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }
  load(): void {
    this.error = null;
  }
  hasAttribute(): boolean {
    return this.src !== null;
  }
  removeAttribute(): void {
    this.src = null;
  }
  canPlayType(): string {
    return '';
  }
  tell(name: string): void {
    this.dispatchEvent(new Event(name));
  }
  fail(code: number): void {
    this.error = { code };
    this.tell('error');
  }
}

/** As much of hls.js as the engine touches. */
class Script {
  static Events = { AUDIO_TRACKS_UPDATED: 'tracks', ERROR: 'error' };
  static made: Script[] = [];
  heard = new Map<string, (name: string, data: object) => void>();
  recovered = 0;
  destroyed = false;
  config: { startPosition?: number };
  constructor(config: { startPosition?: number }) {
    this.config = config;
    Script.made.push(this);
  }
  on(name: string, act: (name: string, data: object) => void): void {
    this.heard.set(name, act);
  }
  loadSource(): void {}
  attachMedia(): void {}
  recoverMediaError(): void {
    this.recovered += 1;
  }
  destroy(): void {
    this.destroyed = true;
  }
  tell(name: string, data: object): void {
    this.heard.get(name)?.(name, data);
  }
}

type Loader = NonNullable<ConstructorParameters<typeof Engine>[2]>;
const loads = (() => Promise.resolve({ default: Script })) as unknown as Loader;

function stage(script: Loader = loads) {
  const media = new Element();
  const troubles: Trouble[] = [];
  const renditions: number[] = [];
  const engine = new Engine(media as unknown as HTMLMediaElement, {
    trouble: (trouble) => troubles.push(trouble),
    renditions: (count) => renditions.push(count),
    blocked: () => assert.fail('nothing was blocked'),
  }, script);
  return { media, engine, troubles, renditions };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

let asked: string[] = [];
function boxAnswers(status: number, headers: Record<string, string> = {}): void {
  mock.method(globalThis, 'fetch', (url: string) => {
    asked.push(url);
    return status === 0 ? Promise.reject(new TypeError('no connection')) : Promise.resolve(new Response(null, { status, headers }));
  });
}

beforeEach(() => {
  asked = [];
  Script.made = [];
  Object.assign(globalThis, { window: { MediaSource: class {} }, MediaError: { MEDIA_ERR_ABORTED: 1 } });
  mock.timers.enable({ apis: ['setTimeout'] });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  Reflect.deleteProperty(globalThis, 'window');
  Reflect.deleteProperty(globalThis, 'MediaError');
});

test('a file that breaks off is trouble of the network; one that cannot be decoded is none', async () => {
  const cases: [number, number, Trouble[]][] = [
    // The element's code, what the box answers now.
    [2, 200, [LOST]],
    [2, 0, [LOST]],
    [4, 403, [{ kind: 'network', status: 403, retry_after_s: undefined }]],
    [4, 200, [{ kind: 'media' }]],
    [3, 200, [{ kind: 'media' }]],
    [1, 200, []],
  ];
  for (const [code, status, wanted] of cases) {
    boxAnswers(status);
    const { media, engine, troubles } = stage();
    await engine.attach(FILE, 0, true);
    media.fail(code);
    await settle();
    assert.deepEqual(troubles, wanted, `code ${code}, box ${status}`);
    mock.restoreAll();
  }
});

test('trouble with an address that was left meanwhile is nobody’s', async () => {
  boxAnswers(403);
  const { media, engine, troubles } = stage();
  await engine.attach(FILE, 0, true);
  media.fail(2);
  await engine.attach(FILE, 0, true);
  await settle();
  assert.deepEqual(troubles, []);
});

test('a file whose bytes stop coming is asked about after twelve seconds, again and again', async () => {
  boxAnswers(200);
  const { media, engine, troubles } = stage();
  await engine.attach(FILE, 0, true);
  media.tell('waiting');
  mock.timers.tick(11_999);
  assert.equal(asked.length, 0);
  mock.timers.tick(1);
  await settle();
  assert.deepEqual([asked.length, troubles.length], [1, 0], 'the box is well');
  mock.restoreAll();
  boxAnswers(503, { 'retry-after': '7' });
  mock.timers.tick(12_000);
  await settle();
  assert.deepEqual(troubles, [{ kind: 'network', status: 503, retry_after_s: 7 }]);
});

test('nobody is asked when it plays on, is paused, or was left', async () => {
  boxAnswers(0);
  const ends: ((stage_: ReturnType<typeof stage>) => void)[] = [
    ({ media }) => media.tell('playing'),
    ({ media }) => media.tell('pause'),
    ({ engine }) => engine.detach(),
    ({ engine }) => engine.close(),
  ];
  for (const end of ends) {
    const at = stage();
    await at.engine.attach(FILE, 0, true);
    at.media.tell('waiting');
    end(at);
    mock.timers.tick(60_000);
  }
  assert.deepEqual(asked, []);
});

test('a file begins at its place, and a place sought before the first data wins', async () => {
  const { media, engine } = stage();
  await engine.attach(FILE, 40, true);
  engine.seek(55);
  media.tell('timeupdate');
  assert.equal(engine.place, 55, 'an element without data knows no place');
  media.readyState = 1;
  media.tell('loadedmetadata');
  assert.equal(media.currentTime, 55);
});

test('segments begin where one sought while they were fetched', async () => {
  const { media, engine } = stage();
  await engine.attach(SEGMENTS, 40, true);
  assert.equal(Script.made[0]?.config.startPosition, 40);
  engine.seek(80);
  media.readyState = 2;
  media.currentTime = 40;
  media.tell('seeking');
  assert.equal(engine.place, 80, 'the player’s own jump to its start is no wish of the viewer');
  media.tell('loadeddata');
  assert.equal(media.currentTime, 80);
  media.currentTime = 81;
  media.tell('timeupdate');
  assert.equal(engine.place, 81);
});

test('a start at the edge of a segment is left alone', async () => {
  const { media, engine } = stage();
  await engine.attach(SEGMENTS, 40, true);
  engine.seek(40.4);
  media.readyState = 2;
  media.currentTime = 40;
  media.tell('loadeddata');
  assert.equal(media.currentTime, 40);
});

test('what hls.js gives up on is told with the box’s words; what it repairs itself is not', async () => {
  const request = { getResponseHeader: () => '9' };
  const cases: [object, Trouble[]][] = [
    [{ fatal: false, type: 'networkError', response: { code: 503 } }, []],
    [{ fatal: true, type: 'networkError', response: { code: 503 }, networkDetails: request }, [{ kind: 'network', status: 503, retry_after_s: 9 }]],
    [{ fatal: true, type: 'networkError' }, [{ ...LOST, retry_after_s: undefined }]],
    [{ fatal: true, type: 'mediaError', details: 'bufferAddCodecError' }, [{ kind: 'media' }]],
    [{ fatal: true, type: 'otherError' }, [{ kind: 'media' }]],
  ];
  for (const [data, wanted] of cases) {
    const { engine, troubles } = stage();
    await engine.attach(SEGMENTS, 0, true);
    Script.made.at(-1)?.tell('error', data);
    assert.deepEqual(troubles, wanted, JSON.stringify(data));
    assert.equal(Script.made.at(-1)?.recovered, 0);
  }
});

test('a broken picture is repaired in place twice, then it is trouble', async () => {
  const { media, engine, troubles } = stage();
  await engine.attach(SEGMENTS, 0, true);
  const broken = { fatal: true, type: 'mediaError', details: 'bufferStalledError' };
  for (let turn = 0; turn < 3; turn += 1) Script.made[0]?.tell('error', broken);
  assert.equal(Script.made[0]?.recovered, 2);
  assert.deepEqual(troubles, [{ kind: 'media' }]);
  // hls.js mends the element's own errors.
  media.fail(3);
  await settle();
  assert.equal(troubles.length, 1);
});

test('a script that does not come is a lost connection, and one that comes too late is not used', async () => {
  const missing = stage(() => Promise.reject(new TypeError('no connection')));
  await missing.engine.attach(SEGMENTS, 0, true);
  assert.deepEqual(missing.troubles, [LOST]);
  const left = stage();
  const attaching = left.engine.attach(SEGMENTS, 0, true);
  left.engine.close();
  await attaching;
  assert.equal(Script.made.length, 0);
  assert.equal(left.media.paused, true);
  assert.deepEqual(left.troubles, []);
});
