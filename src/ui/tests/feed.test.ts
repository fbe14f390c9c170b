// A long list is loaded where it is looked at, once, and in as few requests as it takes. Never: a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ItemSummary } from '../api/types.ts';
import { Feed } from '../parts/feed.svelte.ts';

function item(at: number): ItemSummary {
  return { id: String(at) } as ItemSummary;
}

/** A server of `total` items whose cursors are positions; notes what it was asked. */
function server(total: number) {
  const asked: { from: number; limit: number }[] = [];
  const ask = async (cursor: string | null, limit: number) => {
    const from = Number(cursor ?? 0);
    asked.push({ from, limit });
    const items = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, at) => item(from + at));
    return { items, next: from + limit < total ? String(from + limit) : null };
  };
  return { asked, ask };
}

const letters = [
  { letter: 'A', count: 300, cursor: null },
  { letter: 'B', count: 2, cursor: '300' },
  { letter: 'C', count: 700, cursor: '302' },
];

test('a jump to a letter asks only for that letter', async () => {
  const { asked, ask } = server(1002);
  const feed = new Feed(ask, { letters });
  assert.equal(feed.count, 1002);
  await feed.need(302, 340);
  assert.deepEqual(asked.map((each) => each.from), [302]);
  assert.equal(feed.items[302]?.id, '302');
  assert.equal(feed.items[0], undefined);
});

test('a stretch over several letters loads each of them', async () => {
  const { asked, ask } = server(1002);
  const feed = new Feed(ask, { letters });
  await feed.need(299, 310);
  assert.deepEqual(asked.map((each) => each.from).sort((a, b) => a - b), [0, 300, 302]);
  for (let at = 290; at < 310; at += 1) assert.equal(feed.items[at]?.id, String(at));
});

test('what is there is not asked again', async () => {
  const { asked, ask } = server(1002);
  const feed = new Feed(ask, { letters });
  await feed.need(0, 50);
  const before = asked.length;
  await feed.need(0, 50);
  assert.equal(asked.length, before);
});

test('without letters the list is walked from its beginning in large steps', async () => {
  const { asked, ask } = server(5000);
  const feed = new Feed(ask, { total: 5000 });
  await feed.need(4900, 4960);
  assert.ok(asked.length <= 11, `${asked.length} requests`);
  assert.equal(feed.items[4900]?.id, '4900');
});

test('a list of unknown length grows until its end', async () => {
  const { ask } = server(130);
  const feed = new Feed(ask);
  assert.equal(feed.complete, false);
  await feed.need(0, 60);
  assert.equal(feed.complete, false);
  await feed.need(0, 200);
  assert.equal(feed.complete, true);
  assert.equal(feed.count, 130);
});

test('a list that shrank since it was counted ends where it ends', async () => {
  const { ask } = server(80);
  const feed = new Feed(ask, { total: 100 });
  await feed.need(0, 100);
  assert.equal(feed.count, 80);
});

test('a failure is kept to be shown, and asking again goes on', async () => {
  const { ask } = server(300);
  let broken = true;
  const feed = new Feed(async (cursor, limit) => {
    if (broken) throw new Error('away');
    return ask(cursor, limit);
  }, { total: 300 });
  await feed.need(0, 10);
  assert.match(String(feed.error), /away/);
  broken = false;
  await feed.need(0, 10);
  assert.equal(feed.error, null);
  assert.equal(feed.items[9]?.id, '9');
});
