// Shows what counts as trouble of the network, of the media, or as none; and that nothing is held twice. Never: a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WakeLock } from './device.ts';
import { diagnose, elementTrouble } from './diagnosis.ts';
import { Recoveries } from './recoveries.ts';

const answers = (status: number, headers: Record<string, string> = {}): typeof fetch => () => Promise.resolve(new Response(null, { status, headers }));
const silence: typeof fetch = () => Promise.reject(new TypeError('no connection'));

test('bytes that broke off are trouble of the network, also when the box answers again', async () => {
  const cases: [number, typeof fetch, unknown][] = [
    [2, answers(200), { kind: 'network', status: 0 }],
    [2, silence, { kind: 'network', status: 0 }],
    [2, answers(403), { kind: 'network', status: 403, retry_after_s: undefined }],
    [3, silence, { kind: 'media' }],
    [4, answers(200), { kind: 'media' }],
    [4, answers(503, { 'retry-after': '7' }), { kind: 'network', status: 503, retry_after_s: 7 }],
  ];
  for (const [code, ask, trouble] of cases) assert.deepEqual(await elementTrouble(code, '/t/file', ask), trouble, `code ${code}`);
  assert.equal(await diagnose('/t/file', answers(200)), null);
});

test('a picture is repaired twice, and again after half a minute that played', () => {
  const recoveries = new Recoveries();
  const play = (from: number, to: number) => {
    for (let place = from; place <= to; place += 0.5) recoveries.played(place);
  };
  assert.deepEqual([recoveries.take(), recoveries.take(), recoveries.take()], [true, true, false]);
  play(0, 29);
  assert.equal(recoveries.take(), false, 'not yet');
  play(29, 58);
  recoveries.played(500);
  assert.equal(recoveries.take(), false, 'a seek is no progress');
  play(500, 531);
  assert.deepEqual([recoveries.take(), recoveries.take(), recoveries.take()], [true, true, false]);
});

test('the screen is kept on by one lock, which is given back however fast one changes one’s mind', async () => {
  const locks: { released: boolean; release(): Promise<void> }[] = [];
  const wake = new WakeLock(async () => {
    await Promise.resolve();
    const lock = {
      released: false,
      release: () => {
        lock.released = true;
        return Promise.resolve();
      },
    };
    locks.push(lock);
    return lock;
  });
  const held = () => locks.filter((lock) => !lock.released).length;
  await Promise.all([wake.set(true), wake.set(true)]);
  assert.equal(held(), 1);
  await Promise.all([wake.set(false), wake.set(true), wake.set(false)]);
  assert.equal(held(), 0);
  await Promise.all([wake.set(true), wake.set(false), wake.set(true)]);
  assert.equal(held(), 1);
});

test('a screen that may not be kept on is asked for once each time, not for ever', async () => {
  let asked = 0;
  const wake = new WakeLock(() => {
    asked += 1;
    return Promise.resolve(null);
  });
  await wake.set(true);
  await wake.set(true);
  assert.equal(asked, 2);
});
