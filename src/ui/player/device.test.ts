// Shows that lock screens and media keys are told what plays and obey the player, whatever the browser knows. Never: a browser.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { holdMediaKeys, tellPlace, type MediaKeys } from './device.ts';

type Handler = (details: { action: string; seekOffset?: number; seekTime?: number }) => void;

class Session {
  metadata: { title: string; artist: string; artwork: { src: string }[] } | null = null;
  playbackState = 'none';
  place: unknown = null;
  handlers = new Map<string, Handler>();
  readonly unknown: string[];

  constructor(unknown: string[] = []) {
    this.unknown = unknown;
  }

  setActionHandler(name: string, handler: Handler | null): void {
    if (this.unknown.includes(name)) throw new TypeError(`${name} is no action`);
    if (handler) this.handlers.set(name, handler);
    else this.handlers.delete(name);
  }

  setPositionState(place: unknown): void {
    this.place = place;
  }
}

const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');

/** The browser's part of it; null is a browser without. */
function browser(session: Session | null): void {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: session ? { mediaSession: session } : {} });
  Object.defineProperty(globalThis, 'MediaMetadata', { configurable: true, value: class { constructor(facts: object) { Object.assign(this, facts); } } });
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'MediaMetadata');
  if (own) Object.defineProperty(globalThis, 'navigator', own);
  else Reflect.deleteProperty(globalThis, 'navigator');
});

const ITEM: Parameters<typeof holdMediaKeys>[0] = {
  title: 'Pilot', series_title: 'Two Parts', artist: null, album: null,
  art: { poster: '/api/v1/items/7/art/poster?v=1', backdrop: null, colour: null, aspect: 'wide' },
};

function obeyed(change: Partial<MediaKeys> = {}): { done: string[]; keys: MediaKeys } {
  const done: string[] = [];
  const keys: MediaKeys = {
    play: () => done.push('play'),
    pause: () => done.push('pause'),
    skip: (seconds) => done.push(`skip ${seconds}`),
    seek: (seconds) => done.push(`seek ${seconds}`),
    ...change,
  };
  return { done, keys };
}

test('each media key does what it says, with the step that the browser names or ten seconds', () => {
  const session = new Session();
  browser(session);
  const { done, keys } = obeyed();
  holdMediaKeys(ITEM, { ...keys, next: () => done.push('next'), previous: () => done.push('previous') });
  const cases: [string, object, string][] = [
    ['play', {}, 'play'],
    ['pause', {}, 'pause'],
    ['seekbackward', {}, 'skip -10'],
    ['seekbackward', { seekOffset: 30 }, 'skip -30'],
    ['seekforward', {}, 'skip 10'],
    ['seekforward', { seekOffset: 5 }, 'skip 5'],
    ['seekto', { seekTime: 61.5 }, 'seek 61.5'],
    ['nexttrack', {}, 'next'],
    ['previoustrack', {}, 'previous'],
  ];
  for (const [action, details, wanted] of cases) {
    session.handlers.get(action)?.({ action, ...details });
    assert.equal(done.pop(), wanted, action);
  }
});

test('a key that leads nowhere is not offered', () => {
  const session = new Session();
  browser(session);
  holdMediaKeys(ITEM, obeyed().keys);
  assert.deepEqual([...session.handlers.keys()].sort(), ['pause', 'play', 'seekbackward', 'seekforward', 'seekto']);
});

test('the lock screen shows what plays, and nothing any more when it is given back', () => {
  const session = new Session();
  browser(session);
  const release = holdMediaKeys(ITEM, obeyed().keys);
  assert.equal(session.metadata?.title, 'Pilot');
  assert.equal(session.metadata?.artist, 'Two Parts');
  assert.deepEqual(session.metadata?.artwork, [{ src: '/api/v1/items/7/art/poster?v=1&size=large' }]);
  tellPlace(5, 60, 1, false);
  release();
  assert.equal(session.metadata, null);
  assert.equal(session.playbackState, 'none');
  assert.equal(session.handlers.size, 0);
});

test('a browser that lacks a key, or all of it, still plays', () => {
  const session = new Session(['seekto', 'seekforward']);
  browser(session);
  const release = holdMediaKeys(ITEM, obeyed().keys);
  assert.deepEqual([...session.handlers.keys()].sort(), ['pause', 'play', 'seekbackward']);
  release();
  browser(null);
  holdMediaKeys(ITEM, obeyed().keys)();
  tellPlace(1, 2, 1, false);
});

test('the place is told only in numbers that a lock screen can draw', () => {
  const cases: [number, number, unknown][] = [
    [5, 60, { position: 5, duration: 60, playbackRate: 2 }],
    [-0.1, 60, { position: 0, duration: 60, playbackRate: 2 }],
    [61, 60, null],
    [5, 0, null],
    [5, Number.NaN, null],
    [5, Number.POSITIVE_INFINITY, null],
  ];
  for (const [position, duration, told] of cases) {
    const session = new Session();
    browser(session);
    tellPlace(position, duration, 2, true);
    assert.equal(session.playbackState, 'paused');
    assert.deepEqual(session.place, told, `${position} of ${duration}`);
  }
});
