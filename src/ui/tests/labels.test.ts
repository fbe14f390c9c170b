// The words of a tile: what tells two items of one title apart is among them, and first. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ItemSummary } from '../api/types.ts';
import { rank, secondLine, watchedShare } from '../parts/labels.ts';
import { speak } from '../words/words.svelte.ts';

function item(change: Partial<ItemSummary>): ItemSummary {
  const none = { year: null, edition: null, season_number: null, episode_number: null, episode_number_end: null, artist: null, album: null, duration_ms: null };
  return { ...none, id: '1', kind: 'film', title: 'Blade Runner', series_title: null, child_count: null, taken_at: null, progress: null, ...change } as ItemSummary;
}

const LINES: [Partial<ItemSummary>, string][] = [
  [{ year: 1982 }, '1982'],
  [{ year: 1982, edition: 'Final Cut' }, 'Final Cut · 1982'],
  [{ edition: 'Part 2, Final Cut' }, 'Part 2, Final Cut'],
  [{}, ''],
  [{ kind: 'home_video', edition: 'Part 2', year: 2019 }, 'Part 2 · 2019'],
  [{ kind: 'episode', series_title: 'Two Parts', season_number: 1, episode_number: 2, episode_number_end: 3, edition: 'Uncut' }, 'Two Parts · S1 E2–3 · Uncut'],
  [{ kind: 'album', artist: 'The Sines', year: 2019 }, 'The Sines · 2019'],
];

test('the second line of a tile says what the title does not', async () => {
  Object.assign(globalThis, { document: { documentElement: { lang: '' } } });
  await speak('en');
  for (const [change, line] of LINES) assert.equal(secondLine(item(change)), line);
});

test('only what was begun and is not done has a bar', () => {
  const cases: [ItemSummary['progress'], number | null, number | null][] = [
    [null, 100, null],
    [{ position_ms: 25, watched: false, played_at: '' }, 100, 0.25],
    [{ position_ms: 250, watched: false, played_at: '' }, 100, 1],
    [{ position_ms: 25, watched: true, played_at: '' }, 100, null],
    [{ position_ms: 25, watched: false, played_at: '' }, null, null],
    [{ position_ms: 0, watched: false, played_at: '' }, 100, null],
  ];
  for (const [progress, duration_ms, share] of cases) assert.equal(watchedShare(item({ progress, duration_ms })), share);
});

test('a title that begins with what was typed comes first', () => {
  assert.deepEqual(['Élan', 'The Elan', 'Vélane', 'Other'].map((title) => rank(title, 'elan')), [0, 1, 2, 3]);
});
