// Arrow keys go where the eye expects. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distance, type Box, type Direction } from '../frame/spatial.ts';

const box = (left: number, top: number, width = 100, height = 100): Box => {
  return { left, top, right: left + width, bottom: top + height };
};

// A rail at the left, a grid of two rows beside it, a wide bar below.
const places: Record<string, Box> = {
  rail: box(0, 300, 80, 40),
  a1: box(120, 0),
  a2: box(240, 0),
  b1: box(120, 120),
  b2: box(240, 120),
  bar: box(120, 260, 400, 40),
};

const steps: [string, Direction, string | null][] = [
  ['a1', 'right', 'a2'],
  ['a1', 'down', 'b1'],
  ['b2', 'up', 'a2'],
  ['b2', 'left', 'b1'],
  ['a2', 'right', null],
  ['b2', 'down', 'bar'],
  ['bar', 'left', 'rail'],
  ['a1', 'up', null],
];

for (const [from, direction, want] of steps) {
  test(`${direction} of ${from} is ${want ?? 'nothing'}`, () => {
    let best: string | null = null;
    let least = Infinity;
    for (const [name, place] of Object.entries(places)) {
      if (name === from) continue;
      const cost = distance(places[from] as Box, place, direction);
      if (cost !== null && cost < least) [best, least] = [name, cost];
    }
    assert.equal(best, want);
  });
}
