// Films play in Chromium: to their end, sought to three places, with subtitles on; as they are, repacked and converted.
// Never: a film that is only said to play; pictures are counted, compared and looked at.
import assert from 'node:assert/strict';
import { accessible, onPage, settled, shoot } from './browser.mjs';
import { ask, house, scanned, sharedHouse } from './house.mjs';
import { small } from './library.mjs';

const home = () =>
  sharedHouse('small', async () => {
    const started = await house({ media: small() });
    await scanned(started);
    return started;
  });

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

async function watch(query, { decision, seconds, subtitles, shot }) {
  const at = await home();
  const id = await idOf(at, query);
  await onPage(at, { path: `/item/${id}` }, async (page) => {
    await settled(page);
    const answer = page.waitForResponse((response) => /\/playback$/.test(response.url()) && response.request().method() === 'POST');
    await page.getByRole('link', { name: 'Play', exact: true }).click();
    const playback = await (await answer).json();
    assert.equal(playback.decision, decision, JSON.stringify(playback.reasons));
    assert.equal(playback.reasons.length > 0, decision !== 'direct_play', JSON.stringify(playback.reasons));
    await playsFrom(page, 0, 'start');
    const first = await look(page);
    assert.ok(Math.abs(first.duration - seconds) < 0.3, `${first.duration} s long`);
    assert.ok(!isBlack(first), 'the picture is black');

    if (subtitles) await subtitlesOn(page, shot);
    let last = first;
    for (const key of SEEKS) {
      await page.keyboard.press(key);
      await playsFrom(page, (Number(key) / 10) * seconds, `sought to ${key}0 %`);
      const now = await look(page);
      assert.ok(differs(last, now), `the picture did not change at ${key}0 %`);
      last = now;
    }
    if (subtitles) await wordsInSight(page, shot);
    await shoot(page, `player-${shot}`);
    await accessible(page, `player of ${query}`);
    await toTheEnd(page, seconds, shot);
  });
  const { progress } = await ask(at.address, `items/${id}`, at.token);
  assert.equal(progress?.watched, true, `${query} counts as watched: ${JSON.stringify(progress)}`);
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

/** The cues of the test films come every two seconds and stay for one and a half. */
async function wordsInSight(page, shot) {
  await page.getByText(/déjà vu, ça va\? Łódź, 東京/).first().waitFor({ timeout: 8_000 });
  await shoot(page, `player-${shot}-words`);
}

async function toTheEnd(page, seconds, shot) {
  await page.keyboard.press('8');
  await page.waitForFunction(() => document.querySelector('video').ended, undefined, { timeout: (seconds + 20) * 1000 });
  const end = await look(page);
  assert.equal(end.error, null);
  assert.ok(Math.abs(end.time - end.duration) < 0.3, `ended at ${end.time} of ${end.duration}`);
  await page.getByRole('dialog').getByRole('button').first().waitFor();
  await shoot(page, `player-${shot}-end`);
}

export const tests = {
  'a film that the browser plays as it is': () =>
    watch('Direct Film', { decision: 'direct_play', seconds: 12, subtitles: true, shot: 'direct' }),
  'a film in HEVC is converted': () => watch('Hevc Film', { decision: 'transcode', seconds: 14, subtitles: true, shot: 'hevc' }),
  'a broadcast in MPEG-2 and AC-3 is converted': () =>
    watch('Broadcast', { decision: 'transcode', seconds: 12, subtitles: true, shot: 'mpeg2' }),
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
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await accessible(page, 'list of keys');
      await shoot(page, 'player-keys');
    });
  },
};
