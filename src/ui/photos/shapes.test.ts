// Shows that photos are laid out with the shape they have before any picture is loaded. Never: elements.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from './layout.ts';
import { shaped } from './shapes.ts';

const photo = (width: number | null, height: number | null) => ({ width, height, taken_at: '2024-07-01T12:00:00' });

test('a photo has its own shape on the first visit, and the usual one when nobody knows it', () => {
  const sizes = [photo(4000, 3000), photo(3000, 4000), photo(9000, 1000), photo(null, null), photo(0, 0), photo(100, null)];
  assert.deepEqual(
    shaped(sizes).map((each) => each.ratio),
    [4 / 3, 3 / 4, 9, 1.5, 1.5, 1.5],
  );
});

test('tiles of photos lying down and standing up are as wide as their photos', () => {
  const layout = layOut(shaped(Array.from({ length: 12 }, (_, i) => (i % 2 ? photo(300, 400) : photo(400, 300)))), {
    width: 1000,
    row: 200,
    gap: 4,
    heading: 48,
  });
  const row = layout.bands.find((band) => band.cells.length > 0);
  for (const cell of row?.cells ?? []) {
    const wanted = cell.index % 2 ? 3 / 4 : 4 / 3;
    assert.ok(Math.abs(cell.width / (row?.height ?? 1) - wanted) < 0.02, `photo ${cell.index}`);
  }
});

test('photos stand under the month they were taken in', () => {
  const months = shaped([photo(1, 1), { ...photo(1, 1), taken_at: null }, { ...photo(1, 1), taken_at: 'nonsense' }]);
  assert.deepEqual(months.map((each) => each.month), ['2024-07', '', '']);
});
