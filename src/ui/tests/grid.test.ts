// The grid's arithmetic: tiles fill the width, and only rows in sight exist. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSight, layout } from '../parts/grid.ts';

const shape = { tile_px: 148, gap_px: 20, ratio: 1.5, words_px: 48 };

const widths: [number, number][] = [
  [100, 1],
  [148, 1],
  [315, 1],
  [316, 2],
  [1160, 7],
];

for (const [width_px, columns] of widths) {
  test(`${width_px} px hold ${columns} columns that fill them`, () => {
    const made = layout({ ...shape, width_px });
    assert.equal(made.columns, columns);
    assert.ok(Math.abs(made.column_px * columns + shape.gap_px * (columns - 1) - width_px) < 0.001);
  });
}

const grid = { columns: 5, column_px: 100, row_px: 200 };
const views: [string, number, number, { from: number; to: number }][] = [
  ['the beginning', 300, 0, { from: 0, to: 35 }],
  ['the middle', 300, -4000, { from: 90, to: 135 }],
  ['past the end', 300, -40_000, { from: 300, to: 300 }],
  ['an empty list', 0, 0, { from: 0, to: 0 }],
  ['before it comes in sight', 300, 5_000, { from: 0, to: 0 }],
];

for (const [name, count, top_px, want] of views) {
  test(name, () => assert.deepEqual(inSight(grid, count, top_px, 1000, 2), want));
}
