// Shows that the photo grid fills its width, keeps its order and finds what is in sight. Never: elements.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandOf, bandsBetween, layOut, type Measures, type Pictured } from './layout.ts';

const MEASURES: Measures = { width: 1000, row: 200, gap: 4, heading: 48 };
const RATIOS = [1.5, 0.667, 1.778, 1, 2.5, 0.1, 9, NaN];
const photos = (count: number, months: number): Pictured[] =>
  Array.from({ length: count }, (_, i) => ({ ratio: RATIOS[(i * 5) % RATIOS.length] ?? 1, month: `2024-${Math.floor((i * months) / count)}` }));

test('every photo is laid out once, in order, under its own month', () => {
  const list = photos(500, 7);
  const layout = layOut(list, MEASURES);
  const seen = layout.bands.flatMap((band) => band.cells.map((cell) => cell.index));
  assert.deepEqual(seen, list.map((_, i) => i));
  for (const band of layout.bands) for (const cell of band.cells) assert.equal(list[cell.index]?.month, band.month);
  assert.equal(layout.bands.filter((band) => band.kind === 'month').length, 7);
});

test('rows touch the right edge and bands never overlap, at every width', () => {
  for (const width of [320, 390, 777, 1440, 2560]) {
    const layout = layOut(photos(300, 3), { ...MEASURES, width });
    let bottom = 0;
    layout.bands.forEach((band, i) => {
      assert.ok(band.top >= bottom, `band ${i} at ${width}`);
      bottom = band.top + band.height;
      const last = band.cells.at(-1);
      if (!last) return;
      assert.ok(last.left + last.width <= width, `right edge of ${i} at ${width}`);
      const endsMonth = layout.bands[i + 1]?.kind !== 'row';
      if (!endsMonth) assert.equal(last.left + last.width, width);
      assert.ok(band.height <= MEASURES.row * 1.15 + 1, `height of ${i} at ${width}`);
    });
    assert.ok(layout.height >= bottom);
  }
});

test('a lone photo keeps the usual height', () => {
  const layout = layOut([{ ratio: 1.5, month: 'a' }], MEASURES);
  assert.equal(layout.bands[1]?.height, 230);
  assert.equal(layout.bands[1]?.cells[0]?.width, 345);
});

test('nothing to lay out is nothing', () => {
  assert.deepEqual(layOut([], MEASURES), { bands: [], height: 0 });
});

test('the bands in sight are those that touch the window', () => {
  const layout = layOut(photos(10_000, 120), MEASURES);
  for (const top of [0, 1, 5000, layout.height / 2, layout.height - 10]) {
    const slow = layout.bands.filter((band) => band.top + band.height >= top && band.top <= top + 800);
    assert.deepEqual(bandsBetween(layout, top, top + 800), slow);
  }
});

test('each photo is found in its row, and one outside is not', () => {
  const layout = layOut(photos(400, 30), MEASURES);
  for (let i = 0; i < 400; i += 1) assert.ok(bandOf(layout, i)?.cells.some((cell) => cell.index === i), String(i));
  assert.equal(bandOf(layout, 400), undefined);
  assert.equal(bandOf(layout, -1), undefined);
});
