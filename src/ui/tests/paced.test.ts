// Shows that news in a stream reload a page at once and then at a bearable pace, without breaking anything off. Never: a browser.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { paced } from '../parts/paced.ts';
import { View } from '../parts/view.svelte.ts';

async function settle(): Promise<void> {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
}

async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await settle();
}

test('a stream of calls runs it at once, then once each while, and last after the last call', async (context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  let runs = 0;
  const ask = paced(() => (runs += 1), 2_000);
  ask();
  assert.equal(runs, 1);
  for (let at = 0; at < 6_000; at += 100) {
    ask();
    await pass(100);
  }
  assert.equal(runs, 4);
  await pass(2_000);
  assert.equal(runs, 4, 'nothing was asked since');
  ask();
  await settle();
  ask();
  ask.stop();
  await pass(10_000);
  assert.equal(runs, 5, 'stopped');
});

test('work that takes longer than the pace, or fails, is never started twice at once', async (context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  const ends: ((how: Error | null) => void)[] = [];
  const ask = paced(() => new Promise<void>((done, fail) => ends.push((how) => (how ? fail(how) : done()))), 2_000);
  ask();
  ask();
  await pass(9_000);
  assert.equal(ends.length, 1);
  ends[0]?.(new Error('the box was gone'));
  await settle();
  assert.equal(ends.length, 2);
});

test('news keep what is shown, and do not break off the request that is under way', async (context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  const asked: { signal: AbortSignal; answer: (value: string) => void }[] = [];
  const view = new View<string>((signal) => new Promise((answer) => asked.push({ signal, answer })));
  void view.load();
  view.renew();
  await pass(5_000);
  assert.equal(view.state, 'slow');
  assert.equal(asked.length, 1);
  asked[0]?.answer('first');
  await settle();
  assert.equal(view.value, 'first');
  assert.equal(asked.length, 2);
  await pass(5_000);
  assert.equal(view.state, 'full');
  assert.equal(asked.some((each) => each.signal.aborted), false);
  asked[1]?.answer('second');
  await settle();
  assert.equal(view.value, 'second');
});
