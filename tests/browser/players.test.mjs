// Films play in Chromium: from their first second to their last, sought to three places, with subtitles on; as they are,
// repacked and converted. Never: a film that is only said to play; pictures are counted, compared and looked at.
import assert from 'node:assert/strict';
import { accessible, onPage, settled, shoot } from './browser.mjs';
import { ask, house, scanned, sharedHouse } from './house.mjs';
import { small } from './library.mjs';
import { record, recorded, showedAll, showedWords } from './record.mjs';

const home = () =>
  sharedHouse('small', async () => {
    const started = await house({ media: small() });
    await scanned(started);
    return started;
  });

/** Pictures a second of every test film. */
const RATE_HZ = 25;
/** What costs the box little is watched whole at double speed, which four steps reach. */
const FAST = { speed: 2, keys: ']]]]' };
const OWN_SPEED = { speed: 1, keys: '' };

/** Keys of the player that jump to a tenth of the film. */
const SEEKS = ['2', '7', '4'];

async function idOf({ address, token }, query) {
  const { items } = await ask(address, `items?query=${encodeURIComponent(query)}&limit=10`, token);
  const found = items.find((item) => ['film', 'episode', 'home_video'].includes(item.kind));
  assert.ok(found, `nothing called ${query}: ${JSON.stringify(items)}`);
  return found.id;
}

/** Time, pictures shown so far, and a rough copy of the picture: what a viewer would notice. */
function look(page) {
  return page.locator('video').evaluate((video) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 18 });
    const paint = canvas.getContext('2d', { willReadFrequently: true });
    paint.drawImage(video, 0, 0, 32, 18);
    return {
      time: video.currentTime,
      duration: video.duration,
      ended: video.ended,
      paused: video.paused,
      error: video.error?.message ?? null,
      shown: video.getVideoPlaybackQuality().totalVideoFrames,
      picture: [...paint.getImageData(0, 0, 32, 18).data],
    };
  });
}

/** Waits until the film plays near `time`, with new pictures. */
async function playsFrom(page, time, what) {
  const before = (await look(page)).shown;
  await page.waitForFunction(
    ([from, shown]) => {
      const video = document.querySelector('video');
      const near = video.currentTime >= from - 0.3 && video.currentTime < from + 6;
      return near && !video.seeking && !video.paused && video.getVideoPlaybackQuality().totalVideoFrames > shown + 3;
    },
    [time, before],
    { timeout: 15_000 },
  ).catch(async () => assert.fail(`${what}: ${JSON.stringify({ ...(await look(page)), picture: undefined })}`));
}

function differs(a, b) {
  const sum = a.picture.reduce((total, value, at) => total + Math.abs(value - b.picture[at]), 0);
  return sum / a.picture.length > 2;
}

function isBlack({ picture }) {
  return picture.filter((_, at) => at % 4 !== 3).every((value) => value < 12);
}

async function watch(query, { decision, seconds, words, shot }) {
  const at = await home();
  const id = await idOf(at, query);
  await onPage(at, { path: `/item/${id}` }, async (page) => {
    await sought(page, { decision, seconds, words, shot });
    await accessible(page, `player of ${query}`);
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/item\//);
    await whole(page, { decision, seconds, words, shot });
  });
  const { progress } = await ask(at.address, `items/${id}`, at.token);
  assert.equal(progress?.watched, true, `${query} counts as watched: ${JSON.stringify(progress)}`);
}

/** Plays from the item's page, turns subtitles on, and goes to three places. */
async function sought(page, { decision, seconds, words, shot }) {
  await settled(page);
  const answer = page.waitForResponse((response) => /\/playback$/.test(response.url()) && response.request().method() === 'POST');
  await page.getByRole('link', { name: 'Play', exact: true }).click();
  const playback = await (await answer).json();
  assert.equal(playback.decision, decision, JSON.stringify(playback.reasons));
  assert.equal(playback.reasons.length > 0, decision !== 'direct_play', JSON.stringify(playback.reasons));
  await playsFrom(page, 0, 'start');
  let last = await look(page);
  assert.ok(Math.abs(last.duration - seconds) < 0.3, `${last.duration} s long`);
  assert.ok(!isBlack(last), 'the picture is black');
  if (words) await subtitlesOn(page, shot);
  for (const key of SEEKS) {
    await page.keyboard.press(key);
    await playsFrom(page, (Number(key) / 10) * seconds, `sought to ${key}0 %`);
    const now = await look(page);
    assert.ok(differs(last, now), `the picture did not change at ${key}0 %`);
    last = now;
  }
  if (words) await wordsInSight(page, shot);
  await shoot(page, `player-${shot}`);
}

/** Plays from the item's page again, from the first second to the last, with the subtitles that were chosen before. */
async function whole(page, { decision, seconds, words, shot }) {
  await settled(page);
  await record(page);
  await page.getByRole('link', { name: 'Play from the beginning' }).click();
  await page.waitForFunction(() => document.querySelector('video')?.currentTime > 0);
  const { speed, keys } = decision === 'transcode' ? OWN_SPEED : FAST;
  for (const key of keys) await page.keyboard.press(key);
  await page.waitForFunction((rate) => document.querySelector('video').playbackRate === rate, speed);
  await page.waitForFunction(() => document.querySelector('video').ended, undefined, { timeout: (seconds + 30) * 1000 });
  const film = await recorded(page);
  showedAll(film, { seconds, rate_hz: RATE_HZ, speed });
  if (words) showedWords(film, cuesOf(words, seconds), speed);
  await page.getByRole('dialog').getByRole('button').first().waitFor();
  await shoot(page, `player-${shot}-end`);
}

/** The subtitles of the test films: one each two seconds from the first second on, for one and a half. */
function cuesOf(words, seconds) {
  return [1, 2, 3, 4, 5, 6].map((n) => [`${words} ${n}: déjà vu`, n * 2 - 1, Math.min(n * 2 + 0.5, seconds)]);
}

/** Notes each media key that the page sets: a lock screen flickers when they are set anew. */
function countMediaKeys(page) {
  return page.evaluate(() => {
    globalThis.mediaKeys = [];
    const set = navigator.mediaSession.setActionHandler.bind(navigator.mediaSession);
    navigator.mediaSession.setActionHandler = (name, handler) => {
      globalThis.mediaKeys.push(name);
      set(name, handler);
    };
  });
}

/** A film that is opened by its address alone waits for a gesture; one that is clicked plays. */
async function clickPlay(page) {
  await settled(page);
  await page.getByRole('link', { name: 'Play', exact: true }).click();
}

async function subtitlesOn(page, shot) {
  await page.mouse.move(300, 300);
  await page.getByRole('button', { name: 'Subtitles', exact: true }).click();
  await page.getByRole('radio', { name: /English/ }).first().check({ force: true });
  await shoot(page, `player-${shot}-subtitles`);
  await accessible(page, 'subtitles panel');
  await page.keyboard.press('Escape');
}

async function wordsInSight(page, shot) {
  await page.getByText(/déjà vu, ça va\? Łódź, 東京/).first().waitFor({ timeout: 8_000 });
  await shoot(page, `player-${shot}-words`);
}

export const tests = {
  'a film that the browser plays as it is': () =>
    watch('Direct Film', { decision: 'direct_play', seconds: 12, words: 'Side', shot: 'direct' }),
  'a film in HEVC is converted': () => watch('Hevc Film', { decision: 'transcode', seconds: 14, words: 'English', shot: 'hevc' }),
  'a broadcast in MPEG-2 and AC-3 is converted': () =>
    watch('Broadcast', { decision: 'transcode', seconds: 12, words: 'Side', shot: 'mpeg2' }),
  'a film in a transport stream is repacked': () => watch('Transport', { decision: 'remux', seconds: 8, shot: 'remux' }),

  'the place where one stopped is remembered, and the next episode follows': async () => {
    const at = await home();
    const second = await idOf(at, 'Second');
    await onPage(at, { path: `/item/${second}` }, async (page) => {
      await clickPlay(page);
      await playsFrom(page, 0, 'start');
      await page.keyboard.press('5');
      await playsFrom(page, 7, 'the middle');
      await page.keyboard.press('Escape');
      await page.waitForURL(/\/item\//);
      await page.getByRole('link', { name: /^Resume at/ }).click();
      await playsFrom(page, 7, 'resumed');
    });
    const first = await idOf(at, 'First');
    await onPage(at, { path: `/item/${first}` }, async (page) => {
      await clickPlay(page);
      await page.waitForFunction(() => document.querySelector('video')?.ended, undefined, { timeout: 20_000 });
      await page.getByRole('button', { name: 'Play now' }).click();
      await page.waitForURL(new RegExp(`/play/${second}$`));
      await page.waitForFunction(() => document.querySelector('video')?.currentTime > 0.5);
    });
  },

  'speed, keys and details of playback': async () => {
    const at = await home();
    await onPage(at, { path: `/item/${await idOf(at, 'Hevc Film')}` }, async (page) => {
      await countMediaKeys(page);
      await clickPlay(page);
      await playsFrom(page, 0, 'start');
      const rate = () => page.locator('video').evaluate((video) => video.playbackRate);
      const before = await rate();
      await page.keyboard.press(']');
      assert.ok((await rate()) > before, 'faster');
      await page.keyboard.press('[');
      assert.equal(await rate(), before);
      await page.keyboard.press('m');
      assert.equal(await page.locator('video').evaluate((video) => video.muted), true);
      await page.keyboard.press('k');
      await page.waitForFunction(() => document.querySelector('video').paused);
      await page.keyboard.press('s');
      const details = page.getByRole('complementary', { name: 'Details of playback' });
      await details.getByText('Converted by').waitFor();
      assert.match(await details.innerText(), /Way\s+transcode\s+Converted by\s+software/);
      await shoot(page, 'player-details');
      const set = await page.evaluate(() => globalThis.mediaKeys);
      assert.deepEqual(set.filter((name, at) => set.indexOf(name) !== at), [], 'a media key is set once a film');
      assert.ok(set.includes('seekto'), set.join(', '));
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await accessible(page, 'list of keys');
      await shoot(page, 'player-keys');
    });
  },
};
