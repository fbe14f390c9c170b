// Addresses find their page and give their values. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { match } from '../frame/match.ts';

const cases: [string, string, Record<string, string> | null][] = [
  ['/', '/', {}],
  ['/films', '/films', {}],
  ['/films', '/films/', {}],
  ['/films', '/series', null],
  ['/item/:id', '/item/42', { id: '42' }],
  ['/item/:id', '/item', null],
  ['/item/:id', '/item/42/more', null],
  ['/item/:id', '/item/a%20b', { id: 'a b' }],
  ['/item/:id', '/item/%E0%A4%A', null],
];

for (const [pattern, path, want] of cases) {
  test(`${path} under ${pattern}`, () => assert.deepEqual(match(pattern, path), want));
}
