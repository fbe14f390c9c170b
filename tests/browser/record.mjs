// Watches a film beside the viewer: every picture shown, the clock, the words over the picture, and what happened to them.
// Never: a touch of the film; what is recorded is judged after its end.
import assert from 'node:assert/strict';

/** A wait longer than this is one that a household notices; the first part of a conversion may take longer. */
const LONGEST_STALL_S = 3;
const LONGEST_START_S = 10;
/** Pictures that are enough to say that a second was shown: a machine with other work drops some. */
const FEWEST_A_SECOND = 2;
/** The browser tells of a subtitle up to a quarter of a second late, and is asked twenty times a second. */
const WORDS_LATE_S = 0.4;

/** Begins to record the next video that appears on the page. */
export function record(page) {
  return page.evaluate(() => {
    const film = (globalThis.film = { pictures: [], samples: [], events: [] });
    const words = () => {
      const shown = [...document.querySelectorAll('.captions p')].filter((line) => {
        const box = line.getBoundingClientRect();
        return line.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
      });
      return shown.map((line) => line.innerText).join('\n');
    };
    const begin = (video) => {
      const picture = (_, { mediaTime }) => {
        film.pictures.push(mediaTime);
        video.requestVideoFrameCallback(picture);
      };
      video.requestVideoFrameCallback(picture);
      for (const name of ['waiting', 'error', 'seeking', 'pause', 'ended']) {
        video.addEventListener(name, () => film.events.push(`${name} at ${video.currentTime.toFixed(2)}`));
      }
      const timer = setInterval(() => {
        film.samples.push({ now_s: performance.now() / 1000, time: video.currentTime, words: words() });
        if (video.ended) clearInterval(timer);
      }, 50);
    };
    const find = () => {
      const video = document.querySelector('video');
      if (video) begin(video);
      else requestAnimationFrame(find);
    };
    find();
  });
}

/** What was recorded, with the browser's own count of pictures. */
export function recorded(page) {
  return page.evaluate(() => {
    const video = document.querySelector('video');
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
    const played = Array.from({ length: video.played.length }, (_, at) => [video.played.start(at), video.played.end(at)]);
    return { ...globalThis.film, played, total: totalVideoFrames, dropped: droppedVideoFrames, error: video.error?.message ?? null };
  });
}

/** Every second of the film was shown once, in order, at a speed of `speed` at most. */
export function showedAll({ pictures, samples, events, played, total, dropped, error }, { seconds, rate_hz, speed }) {
  const told = `${total} pictures, ${dropped} dropped, ${pictures.length} seen; ${events.join(', ')}`;
  assert.equal(error, null, told);
  assert.equal(played.length, 1, `played in pieces: ${JSON.stringify(played)}; ${told}`);
  assert.ok(played[0][0] < 0.1 && Math.abs(played[0][1] - seconds) < 0.3, `played ${played[0]} of ${seconds} s; ${told}`);
  assert.deepEqual(events.filter((event) => /^(seeking|error)/.test(event)), [], told);
  for (const [at, picture] of pictures.entries()) {
    if (at > 0) assert.ok(picture > pictures[at - 1], `picture ${picture} after ${pictures[at - 1]}; ${told}`);
  }
  for (let second = 0; second < Math.floor(seconds); second += 1) {
    const shown = pictures.filter((time) => time >= second && time < second + 1).length;
    assert.ok(shown >= FEWEST_A_SECOND, `${shown} pictures of second ${second}; ${told}`);
  }
  assert.ok(Math.abs(total - seconds * rate_hz) <= 3, `${seconds * rate_hz} pictures are in it; ${told}`);
  assert.ok(dropped <= total / 2, told);
  keptPace(samples, speed, told);
}

function keptPace(samples, speed, told) {
  let moved_s = samples[0].now_s;
  for (const [at, { now_s, time }] of samples.entries()) {
    const before = samples[Math.max(0, at - 1)];
    const step = time - before.time;
    assert.ok(step >= 0 && step <= speed * (now_s - before.now_s) + 0.3, `jumped from ${before.time} to ${time}; ${told}`);
    if (step > 0) moved_s = now_s;
    const longest_s = time > 0 ? LONGEST_STALL_S : LONGEST_START_S;
    assert.ok(now_s - moved_s < longest_s, `stood still at ${time} s; ${told}`);
  }
}

/** Each of `cues` ([words, from, to] in seconds) was in sight in its time, and in no other. */
export function showedWords({ samples }, cues, speed) {
  const late_s = speed * WORDS_LATE_S;
  for (const [words, from, to] of cues) {
    const times = samples.filter((sample) => sample.words.includes(words)).map((sample) => sample.time);
    assert.ok(times.length > 0, `${words} was never in sight`);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    assert.ok(first >= from - 0.05 && first <= from + late_s, `${words} from ${first} s on instead of ${from}`);
    assert.ok(last <= to + late_s, `${words} still there at ${last} s instead of ${to}`);
  }
  for (const { time, words } of samples.filter((sample) => sample.words !== '')) {
    assert.ok(cues.some(([wanted]) => words.includes(wanted)), `at ${time} s: ${words}`);
  }
}
