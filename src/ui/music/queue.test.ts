// Shows that the music queue keeps its order and its place through every change. Never: sound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ItemSummary } from '../api/types.ts';
import * as q from './queue.ts';

const track = (id: string, available = true): ItemSummary => ({ id, title: id, kind: 'track', available }) as ItemSummary;
const album = (...ids: string[]): ItemSummary[] => ids.map((id) => track(id));
const ids = (queue: q.Queue): string => queue.places.map((place) => place.track.id).join('');
const now = (queue: q.Queue): string | undefined => q.currentPlace(queue)?.track.id;
const keyOf = (queue: q.Queue, id: string): number => queue.places.find((place) => place.track.id === id)?.key ?? -1;

test('playing an album starts at the chosen track and leaves out what is not available', () => {
  const queue = q.play(q.EMPTY, [...album('a', 'b'), track('x', false), track('c')], 1);
  assert.equal(ids(queue), 'abc');
  assert.equal(now(queue), 'b');
  assert.equal(q.play(q.EMPTY, [], 0).current, -1);
});

test('play next goes behind the playing track, add goes to the end', () => {
  const queue = q.append(q.playNext(q.play(q.EMPTY, album('a', 'b'), 0), album('n')), album('z'));
  assert.equal(ids(queue), 'anbz');
  assert.equal(now(queue), 'a');
  assert.equal(now(q.append(q.EMPTY, album('a'))), 'a');
});

test('the same track can be there twice and be removed once', () => {
  const queue = q.append(q.play(q.EMPTY, album('a'), 0), album('a'));
  assert.equal(ids(q.remove(queue, queue.places[1]?.key ?? 0)), 'a');
});

test('removing keeps the playing track, or moves on to the one behind', () => {
  const queue = q.play(q.EMPTY, album('a', 'b', 'c'), 1);
  const cases: [string, string, string | undefined][] = [['a', 'bc', 'b'], ['b', 'ac', 'c'], ['c', 'ab', 'b']];
  for (const [gone, left, playing] of cases) {
    const after = q.remove(queue, keyOf(queue, gone));
    assert.equal(ids(after), left);
    assert.equal(now(after), playing);
  }
  const last = q.play(q.EMPTY, album('a'), 0);
  assert.equal(q.remove(last, keyOf(last, 'a')).current, -1);
  assert.equal(q.remove(last, 999), last);
});

test('moving a place never changes what is playing', () => {
  const queue = q.play(q.EMPTY, album('a', 'b', 'c', 'd'), 1);
  const cases: [string, number, string][] = [['a', 3, 'bcda'], ['d', 0, 'dabc'], ['b', 2, 'acbd'], ['b', 99, 'acdb'], ['c', -5, 'cabd']];
  for (const [id, to, order] of cases) {
    const after = q.move(queue, keyOf(queue, id), to);
    assert.equal(ids(after), order);
    assert.equal(now(after), 'b');
  }
});

test('what follows obeys repeat, and skipping leaves a repeated track', () => {
  const end = q.play(q.EMPTY, album('a', 'b'), 1);
  assert.equal(q.following(end), null);
  assert.equal(q.skip(end, 1), null);
  const all = q.cycleRepeat(end);
  assert.equal(q.following(all), 0);
  const one = q.cycleRepeat(all);
  assert.equal(one.repeat, 'one');
  assert.equal(q.following(one), 1);
  assert.equal(now(q.skip(one, 1) ?? q.EMPTY), 'a');
  assert.equal(now(q.skip(one, -1) ?? q.EMPTY), 'a');
  assert.equal(q.cycleRepeat(one).repeat, 'off');
});

test('shuffle plays every track once with the current one first, and is undone exactly', () => {
  let seed = 7;
  const random = (): number => ((seed = (seed * 16807) % 2147483647) - 1) / 2147483646;
  const queue = q.play(q.EMPTY, album('a', 'b', 'c', 'd', 'e', 'f', 'g'), 2);
  const mixed = q.toggleShuffle(queue, random);
  assert.equal(now(mixed), 'c');
  assert.equal(mixed.current, 0);
  assert.equal([...ids(mixed)].sort().join(''), 'abcdefg');
  assert.notEqual(ids(mixed), 'abcdefg');
  const back = q.toggleShuffle(mixed, random);
  assert.equal(ids(back), 'abcdefg');
  assert.equal(now(back), 'c');
});

test('tracks added while shuffled keep a sensible place when the order comes back', () => {
  const mixed = q.toggleShuffle(q.play(q.EMPTY, album('a', 'b', 'c'), 1), () => 0);
  const back = q.toggleShuffle(q.append(q.playNext(mixed, album('n')), album('z')));
  assert.equal(ids(back), 'abncz');
});

test('a stored queue comes back with its place, and damaged text is refused', () => {
  const queue = q.cycleRepeat(q.play(q.EMPTY, album('a', 'b'), 1));
  const back = q.restore(q.serialise(queue, 61.4));
  assert.equal(back?.position_s, 61);
  assert.equal(now(back?.queue ?? q.EMPTY), 'b');
  assert.equal(back?.queue.repeat, 'all');
  const grown = q.append(back?.queue ?? q.EMPTY, album('c'));
  assert.equal(new Set(grown.places.map((place) => place.key)).size, 3);
  const broken = [null, '', '{', '[]', '{"version":2}', '{"version":1,"queue":{"places":[{}],"current":0}}', q.serialise({ ...queue, current: 9 }, 0)];
  for (const text of broken) assert.equal(q.restore(text), null);
});
