// Shows that an enlarged photo stays in its window and under the finger. Never: elements.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted, held, MOST, swipe, WHOLE, zoomedAt } from './zoom.ts';

const ROOM = { width: 1000, height: 800 };
const WIDE = { width: 4000, height: 2000 };

test('a photo fits its window and is not blown up without end', () => {
  assert.deepEqual(fitted(WIDE, ROOM), { width: 1000, height: 500 });
  assert.deepEqual(fitted({ width: 20, height: 10 }, ROOM), { width: 80, height: 40 });
  assert.deepEqual(fitted({ width: 0, height: 0 }, ROOM), { width: 0, height: 0 });
});

test('edges stay within reach', () => {
  assert.deepEqual(held({ scale: 1, x: 300, y: 300 }, WIDE, ROOM), WHOLE);
  assert.deepEqual(held({ scale: 2, x: 9999, y: -9999 }, WIDE, ROOM), { scale: 2, x: 500, y: -100 });
  assert.equal(held({ scale: 99, x: 0, y: 0 }, WIDE, ROOM).scale, MOST);
  assert.equal(held({ scale: 0.1, x: 0, y: 0 }, WIDE, ROOM).scale, 1);
});

test('the spot under the finger stays where it is', () => {
  const before = held({ scale: 2, x: 10, y: 0 }, WIDE, ROOM);
  const after = zoomedAt(before, 1.5, 200, 50, WIDE, ROOM);
  const spot = (zoom: typeof before, at: number, by: number) => (at - by) / zoom.scale;
  assert.ok(Math.abs(spot(before, 200, before.x) - spot(after, 200, after.x)) < 1e-9);
  assert.ok(Math.abs(spot(before, 50, before.y) - spot(after, 50, after.y)) < 1e-9);
  assert.deepEqual(zoomedAt(after, 0.001, 200, 50, WIDE, ROOM), WHOLE);
});

test('swipes are told from taps and from scrolling', () => {
  const cases: [number, number, number, ReturnType<typeof swipe>][] = [
    [10, 2, 100, null],
    [60, 5, 120, 'previous'],
    [-60, 5, 120, 'next'],
    [-60, 5, 900, null],
    [-300, 40, 900, 'next'],
    [10, 150, 300, 'leave'],
    [10, -150, 300, null],
    [80, 90, 200, null],
  ];
  for (const [dx, dy, ms, meaning] of cases) assert.equal(swipe(dx, dy, ms, 1000), meaning, `${dx} ${dy} ${ms}`);
});
