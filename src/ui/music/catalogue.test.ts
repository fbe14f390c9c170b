// Shows that tracks are grouped by disc and added up. Never: a request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ItemSummary } from '../api/types.ts';
import { discs, totalMs } from './catalogue.ts';

const track = (id: string, disc: number | null, duration_ms: number | null = 1000): ItemSummary =>
  ({ id, disc_number: disc, duration_ms }) as ItemSummary;

test('one disc has no heading, several come in order with every track once', () => {
  assert.deepEqual(discs([]), []);
  assert.deepEqual(discs([track('a', null), track('b', 1)]).map((group) => [group.disc, group.tracks.length]), [[null, 2]]);
  const two = discs([track('c', 2), track('a', 1), track('b', null)]);
  assert.deepEqual(two.map((group) => [group.disc, group.tracks.map((each) => each.id).join('')]), [[1, 'ab'], [2, 'c']]);
});

test('unknown lengths count as nothing', () => {
  assert.equal(totalMs([track('a', 1, 5), track('b', 1, null)]), 5);
});
