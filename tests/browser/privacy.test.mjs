// What a household sees and decides about privacy, and that a no leaves nothing behind. Never: an answer put past the page
// where a person would give it there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { accessible, fits, onPage, settled, shoot, shootWhole } from './browser.mjs';
import { answer, ask, house, MEMBER, OWNER, PASSWORD, scanned, sharedHouse } from './house.mjs';
import { empty, five, small } from './library.mjs';

const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };

/** What is stored, and what shows on the page then. */
const MODES = {
  undecided: null,
  off: ['off'],
  local: ['local', { playback_statistics: true, crash_reports: true }],
  share: ['share', { playback_statistics: true, crash_reports: true, release_news: true }],
};
const CHIPS = {
  undecided: 'Nothing leaves this box',
  off: 'Nothing leaves this box',
  local: 'Collected here only',
  share: 'Shared, ',
};

async function heading(page, name) {
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

async function whole(page) {
  await settled(page);
  await page.getByRole('heading', { level: 2, name: 'Delete everything collected' }).waitFor();
}

function chip(page) {
  return page.locator('a.chip .words').filter({ visible: true });
}

async function chipSays(page, text) {
  await chip(page).filter({ hasText: text }).waitFor();
}

const inMode = (name) =>
  sharedHouse(`privacy-${name}`, async () => {
    const started = await house({ media: empty() });
    if (MODES[name]) await answer(started, ...MODES[name]);
    return started;
  });

async function onMode(name, size, dark) {
  const at = await inMode(name);
  await onPage(at, { size: SIZES[size], dark, path: '/privacy' }, async (page) => {
    const title = `privacy-${name}-${size}-${dark ? 'dark' : 'light'}`;
    await whole(page);
    await chipSays(page, CHIPS[name]);
    await shoot(page, title);
    await accessible(page, title);
    await fits(page, title);
    for (const metric of ['video_codec', 'encoder_on_board']) await page.locator(`[data-metric="${metric}"] summary`).click();
    await accessible(page, `${title}, opened`);
    await fits(page, `${title}, opened`);
    await shootWhole(page, `${title}-whole`);
  });
}

const modes = Object.keys(MODES).flatMap((name) =>
  Object.keys(SIZES).flatMap((size) =>
    [false, true].map((dark) => [`${name} on a ${size}, ${dark ? 'dark' : 'light'}`, () => onMode(name, size, dark)]),
  ),
);

/** Counts of today and this week, all metrics together. */
function total({ counts }) {
  return counts.flatMap(({ day, week }) => [...day, ...week]).reduce((sum, each) => sum + each, 0);
}

/** Playbacks among the counts; facts about the box are there without any. */
function played({ counts }) {
  return total({ counts: counts.filter(({ metric }) => metric === 'media_kind') });
}

/** How two answers look, in every way that could draw the eye to one of them. */
function looks(answers) {
  return answers.evaluateAll((labels) =>
    labels.map((label) => {
      const properties = ['color', 'backgroundColor', 'borderColor', 'borderWidth', 'fontSize', 'fontWeight', 'opacity', 'boxShadow', 'transform', 'outline'];
      const of = (element) => properties.map((name) => getComputedStyle(element)[name]).join(' ');
      const { width, height } = label.getBoundingClientRect();
      return { width, height, looks: [label, ...label.querySelectorAll('*')].map(of) };
    }),
  );
}

async function ownerMade(page) {
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Name', { exact: true }).fill(OWNER);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Password once more').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await heading(page, 'May Alcove learn from this box?');
}

/** Passes an answer of the box on with `change` made to it. */
function altered(page, path, change) {
  return page.route(`**/api/v1/privacy/${path}`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
}

/** True when a canvas has more than one colour. */
function drawn(canvas) {
  return canvas.evaluate((element) => {
    const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
    return new Set(new Uint32Array(data.buffer)).size > 2;
  });
}

/** Chance draws the weeks in which a box reports when it begins to share: begins until it draws this one. */
async function sharedInAReportWeek(at) {
  for (let tries = 0; tries < 40; tries += 1) {
    await answer(at, 'share', { playback_statistics: true });
    const next = await ask(at.address, 'privacy/next-report', at.token);
    if (next.sending !== 'not_a_report_week') return;
    await answer(at, 'off');
  }
  assert.fail('none of 40 draws is this week');
}

/** Plays a film to its end, as a person would. */
async function watch(page, at, query) {
  const { items } = await ask(at.address, `items?query=${encodeURIComponent(query)}&limit=5`, at.token);
  const film = items.find(({ kind }) => kind === 'film');
  await page.goto(`${at.address}/item/${film.id}`);
  await settled(page);
  await page.getByRole('link', { name: /^Play( from the beginning)?$/ }).first().click();
  await page.waitForFunction(() => document.querySelector('video')?.currentTime > 1);
  await page.keyboard.press('9');
  await page.waitForFunction(() => document.querySelector('video')?.ended, undefined, { timeout: 30_000 });
  await page.keyboard.press('Escape');
  // A page that is still on its way would cut off the next.
  await page.waitForURL((address) => !address.pathname.startsWith('/play/'));
  await settled(page);
  await page.goto(`${at.address}/privacy`);
  await whole(page);
}

/** Pages that fill the window, and how to see their controls; the other pages have the chip in their frame. */
async function barePages(at) {
  const first = async (kind) => (await ask(at.address, `items?kind=${kind}&limit=1`, at.token)).items[0].id;
  return {
    player: `/play/${await first('film')}`,
    photo: `/photo/${await first('photo')}`,
    welcome: '/welcome',
    question: '/welcome/privacy',
    asked: '/privacy/question',
  };
}

/** Shows a page as somebody sees it who moves the mouse, or touches it. */
async function stirred(page, name, size) {
  await page.locator('main').waitFor();
  if (name === 'player') await page.waitForFunction(() => document.querySelector('video')?.readyState > 1);
  if (name === 'photo') await page.waitForFunction(() => [...document.images].some((image) => image.complete && image.naturalWidth > 300));
  if (name === 'player' || name === 'photo') {
    const { width, height } = SIZES[size];
    if (size === 'desk') await page.mouse.move(width / 2, height / 3);
    else if (await page.locator('main.shown').count() === 0) await page.touchscreen.tap(width / 2, height / 3);
  }
  await chip(page).waitFor();
}

async function oneClick(size) {
  const at = await sharedHouse('privacy-reached', async () => {
    const started = await house({ media: small() });
    await scanned(started);
    await answer(started, 'share', { playback_statistics: true, crash_reports: true, release_news: true });
    return started;
  });
  const pages = { ...(await barePages(at)), home: '/', films: '/films', settings: '/settings', nothing: '/nowhere' };
  await onPage(at, { size: SIZES[size] }, async (page) => {
    for (const [name, path] of Object.entries(pages)) {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.goto(at.address + path);
        await stirred(page, name, size);
        await chipSays(page, 'Shared, ');
        await shoot(page, `reach-${name}-${size}-${colorScheme}`);
        await accessible(page, `${name} on a ${size}, ${colorScheme}`);
        await fits(page, `${name} on a ${size}`);
      }
      await page.locator('a.chip').click();
      await page.waitForURL(`${at.address}/privacy`);
      await heading(page, 'Privacy');
    }
  });
}

/** Ends one worker as a fault in its code would, and waits until a report tells of it. */
async function crashed(at) {
  const struck = () => {
    try {
      return readyWorkers(at.child.pid).slice(0, 1).some((pid) => process.kill(Number(pid), 'SIGSEGV'));
    } catch {
      // It had ended by itself.
      return false;
    }
  };
  await until(async () => {
    await fetch(`${at.address}/api/v1/scan`, {
      method: 'POST',
      headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ full: true }),
    });
    return struck();
  }, 'a worker is at work');
  await until(async () => (await ask(at.address, 'privacy/crashes', at.token)).crashes.length > 0, 'a worker that crashed is told of');
}

/** Workers that have put their output aside, and so are ready to tell of a crash. */
function readyWorkers(daemon) {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, parent] = /^\d+ \(.*\) \w (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return Number(parent) === daemon && readlinkSync(`/proc/${pid}/fd/1`) === '/dev/null';
    } catch {
      return false;
    }
  });
}

async function until(holds, what) {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, what);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export const tests = {
  'the question at set-up has nothing chosen, and two answers that look alike': async () => {
    const at = await house({ media: empty(), owner: false });
    await onPage(at, { login: false }, async (page) => {
      await ownerMade(page);
      const answers = page.getByRole('radiogroup').locator('label');
      assert.equal(await answers.count(), 2);
      assert.equal(await page.locator('input:checked').count(), 0, 'nothing is chosen');
      await page.mouse.move(0, 0);
      const [no, yes] = await looks(answers);
      assert.deepEqual(yes, no, 'both answers look alike');
      await accessible(page, 'the question');
      await fits(page, 'the question');
      await shoot(page, 'privacy-question');
      await page.getByRole('button', { name: 'Save answer' }).click();
      await page.getByText('Choose one of the answers, or decide later.').waitFor();
      await page.getByText('What exactly, and a third way').click();
      await page.getByText('Which codecs must boards cope with?', { exact: true }).waitFor();
      await accessible(page, 'the question with its details');
      await shoot(page, 'privacy-question-details');
    });
  },

  'a question left open collects nothing and is asked again': async () => {
    const at = await house({ media: empty(), owner: false });
    await onPage(at, { login: false }, async (page) => {
      await ownerMade(page);
      await page.getByRole('button', { name: 'Decide later' }).click();
      await heading(page, 'Where is your media?');
      await page.goto(at.address);
      await settled(page);
      await page.getByText('You have not said yet what Alcove may collect.').waitFor();
      await accessible(page, 'asked again');
      await shoot(page, 'privacy-asked-again');
      const stored = await page.evaluate(async () => (await fetch('/api/v1/privacy/consent')).json());
      assert.equal(stored.mode, 'undecided');
      await page.getByRole('link', { name: 'Answer' }).click();
      await heading(page, 'May Alcove learn from this box?');
      await page.getByRole('radiogroup').getByText('Nothing leaves this box').click();
      await page.getByRole('button', { name: 'Save answer' }).click();
      await settled(page);
      await page.getByText('You have not said yet what Alcove may collect.').waitFor({ state: 'hidden' });
      const after = await page.evaluate(async () => (await fetch('/api/v1/privacy/consent')).json());
      assert.deepEqual([after.mode, after.asks_again], ['off', false]);
    });
  },

  'opting out of playback statistics empties the journal, and a film leaves no trace': async () => {
    const at = await house({ media: small() });
    await scanned(at);
    const journal = () => ask(at.address, 'privacy/journal', at.token);
    await onPage(at, { path: '/privacy' }, async (page) => {
      await whole(page);
      await page.getByRole('button', { name: /^Collected here only/ }).click();
      await page.getByText('No switch is on, so nothing is collected.').waitFor();
      await page.getByRole('switch', { name: 'Playback statistics' }).click();
      await chipSays(page, 'Collected here only');
      await watch(page, at, 'Direct Film');
      await until(async () => played(await journal()) > 0, 'a film that was played is counted');
      await page.reload();
      await whole(page);
      await page.locator('[data-metric="media_kind"] .count').filter({ hasText: /today: [1-9]/ }).waitFor();
      await shoot(page, 'privacy-counted');

      await page.getByRole('switch', { name: 'Playback statistics' }).click();
      await page.getByText(/^Saved, .* is deleted\.$/).waitFor();
      assert.equal(total(await journal()), 0, 'the journal is empty as soon as the page says saved');
      assert.equal((await journal()).collecting, false);
      await chipSays(page, 'Nothing leaves this box');
      await watch(page, at, 'Transport');
      await page.locator('[data-collecting="false"]').waitFor();
      for (const count of await page.locator('[data-metric] .count').allTextContents()) assert.match(count, /today: 0/);
      assert.equal(total(await journal()), 0, 'nothing appears');
      assert.deepEqual((await ask(at.address, 'privacy/next-report', at.token)).reports, []);
      await shoot(page, 'privacy-opted-out');
    });
  },

  'the Privacy page is one click from every page on a desk': () => oneClick('desk'),

  'the Privacy page is one touch from every page on a phone': () => oneClick('phone'),

  'the Privacy page is reached by keyboard from what fills the window': async () => {
    const at = await house({ media: small() });
    await scanned(at);
    for (const [name, path] of Object.entries(await barePages(at))) {
      await onPage(at, { path }, async (page) => {
        await stirred(page, name, 'desk');
        const isThere = () => page.evaluate(() => document.activeElement.matches('a.chip'));
        for (let tabs = 0; tabs < 40 && !(await isThere()); tabs += 1) await page.keyboard.press('Tab');
        assert.ok(await isThere(), `${name}: no Tab leads to the chip`);
        if (name === 'player' || name === 'photo') assert.equal(await page.locator('main.shown').count(), 1, `${name}: the focus is not to be seen`);
        await page.keyboard.press('Enter');
        await heading(page, 'Privacy');
      });
    }
  },

  'a member of the household sees what holds, and changes nothing': async () => {
    const at = await house({ media: empty(), member: true });
    await answer(at, 'share', { playback_statistics: true, crash_reports: true });
    for (const [size, dark] of [['desk', false], ['desk', true], ['phone', false], ['phone', true]]) {
      await onPage(at, { size: SIZES[size], dark, as: MEMBER, path: '/privacy' }, async (page) => {
        await whole(page);
        await chipSays(page, 'Shared, ');
        await page.getByText('You see here what the owner of this box allows').waitFor();
        await page.getByRole('heading', { name: 'The owner’s answer' }).waitFor();
        await page.getByText('The owner’s answer: “Share”').waitFor();
        for (const name of [/^Nothing/, /^Collected here only/, /^Share/]) assert.ok(await page.getByRole('button', { name }).isDisabled());
        for (const each of await page.getByRole('switch').all()) assert.ok(await each.isDisabled());
        assert.equal(await page.getByRole('button', { name: 'Delete everything collected' }).count(), 0);
        for (const id of ['metrics', 'destinations', 'ledger', 'changes']) assert.equal(await page.locator(`#${id}`).count(), 1, id);
        for (const id of ['report', 'receipts', 'crashes', 'performance']) assert.equal(await page.locator(`#${id}`).count(), 0, id);
        await page.locator('[data-metric="video_codec"] summary').click();
        assert.equal(await page.locator('[data-metric="video_codec"] .figure').count(), 0, 'no counts of the household');
        const title = `privacy-member-${size}-${dark ? 'dark' : 'light'}`;
        await accessible(page, title);
        await fits(page, title);
        await shoot(page, title);
        await shootWhole(page, `${title}-whole`);
      });
    }
    await onPage(at, { as: MEMBER, path: '/privacy/question' }, async (page) => {
      await heading(page, 'May Alcove learn from this box?');
      await page.getByText('Only the owner can change this.').waitFor();
      assert.ok(await page.getByRole('button', { name: 'Save answer' }).isDisabled());
    });
    assert.equal((await ask(at.address, 'privacy/consent', at.token)).mode, 'share');
  },

  'every table and every column that is kept is on the page, with whether it can leave': async () => {
    const at = await house({ media: empty() });
    const { tables } = await ask(at.address, 'privacy/registry', at.token);
    await onPage(at, { path: '/privacy' }, async (page) => {
      await whole(page);
      const shown = await page.locator('[data-table]').evaluateAll((all) =>
        all.map((table) => [
          table.dataset.table,
          table.querySelector('.count').textContent,
          [...table.querySelectorAll('[data-column]')].map((column) => column.dataset.column),
        ]),
      );
      const words = { never: 'kept here, never sent', as_reports: 'becomes the reports', has_left: 'tells what has left' };
      assert.deepEqual(shown, tables.map(({ name, leaves, columns }) => [name, words[leaves], columns.map((each) => each.name)]));
      await page.locator('[data-table="telemetry_performance"] summary').click();
      await page.locator('[data-table="telemetry_performance"]').scrollIntoViewIfNeeded();
      await accessible(page, 'tables');
      await shoot(page, 'privacy-tables');
    });
  },

  'every metric and every class of the registry is on the page': async () => {
    const at = await house({ media: empty() });
    const registry = await ask(at.address, 'privacy/registry', at.token);
    await onPage(at, { path: '/privacy' }, async (page) => {
      await whole(page);
      const shown = await page.locator('[data-metric]').evaluateAll((metrics) =>
        metrics.map((metric) => [metric.dataset.metric, [...metric.querySelectorAll('[data-class]')].map((row) => row.dataset.class)]),
      );
      const declared = registry.metrics.map(({ name, classes }) => [name, classes.map((each) => each.name)]);
      assert.deepEqual(new Map(shown), new Map(declared));
    });
  },

  'an answer on one page is on every other at once': async () => {
    const at = await house({ media: five() });
    await onPage(at, { path: '/films' }, async (page, context) => {
      await chipSays(page, 'Nothing leaves this box');
      const other = await context.newPage();
      await other.goto(`${at.address}/privacy`);
      await whole(other);
      await other.getByRole('button', { name: /^Share/ }).click();
      await other.getByRole('switch', { name: 'Playback statistics' }).click();
      await chipSays(page, 'playback statistics');
      await other.getByText('This build has no collector: nothing can be sent').first().waitFor();
      await page.locator('a.chip').click();
      await heading(page, 'Privacy');
      await whole(page);
      assert.equal(await page.getByRole('button', { name: /^Share/ }).getAttribute('aria-pressed'), 'true');
    });
  },

  'a share shows the exact bytes of the next reports': async () => {
    const at = await house({ media: empty() });
    await sharedInAReportWeek(at);
    await onPage(at, { path: '/privacy' }, async (page) => {
      // What the box says of itself comes in soon after the yes.
      let reports = [];
      await until(async () => {
        await page.reload();
        await whole(page);
        const shown = await page.locator('#report pre').evaluateAll((all) => all.map((each) => each.textContent));
        const next = await ask(at.address, 'privacy/next-report', at.token);
        reports = [...next.reports, ...next.growing];
        return reports.length > 0 && isDeepStrictEqual(shown, reports.map(({ bytes }) => bytes));
      }, 'the page shows the bytes of the next reports, and no others');
      assert.ok(reports.length <= 5, `${reports.length} reports a week`);
      for (const { bytes, length_bytes } of reports) assert.equal(Buffer.byteLength(bytes), length_bytes);
      await page.getByText('This build has no collector: nothing can be sent. These reports').waitFor();
    });
  },

  'deleting everything names what is lost, and asks first': async () => {
    const at = await house({ media: small() });
    await scanned(at);
    await answer(at, 'local', { playback_statistics: true });
    await onPage(at, {}, async (page) => {
      await watch(page, at, 'Direct Film');
      await until(async () => played(await ask(at.address, 'privacy/journal', at.token)) > 0, 'a film that was played is counted');
      const button = page.getByRole('button', { name: 'Delete everything collected' });
      await button.click();
      await page.getByRole('dialog').getByText('The counts of today and this week').waitFor();
      await accessible(page, 'the question before deleting');
      await shoot(page, 'privacy-delete');
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      assert.ok(played(await ask(at.address, 'privacy/journal', at.token)) > 0, 'nothing is lost by asking');
      await button.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete everything collected' }).click();
      await page.getByText('Everything collected is deleted').waitFor();
      assert.equal(played(await ask(at.address, 'privacy/journal', at.token)), 0);
    });
  },

  'DO_NOT_TRACK refuses a yes, and the page says so': async () => {
    const at = await house({ media: empty(), env: { DO_NOT_TRACK: '1' } });
    await onPage(at, { path: '/privacy' }, async (page) => {
      await whole(page);
      await page.getByText('This box was started with DO_NOT_TRACK.').waitFor();
      await page.getByRole('button', { name: /^Share/ }).click();
      await page.getByText('a “yes” cannot be stored').waitFor();
      await chipSays(page, 'Nothing leaves this box');
      await accessible(page, 'held back');
      await shoot(page, 'privacy-do-not-track');
    });
  },

  'a list that has changed is asked about again, with the difference': async () => {
    const at = await house({ media: empty() });
    await answer(at, 'share', { playback_statistics: true });
    await onPage(at, { path: '/films' }, async (page) => {
      // No Alcove with a second version of the list exists yet: its answers are made out of the first one's.
      await altered(page, 'consent', (stored) => ({
        ...stored,
        in_force: { mode: 'off', switches: { playback_statistics: false, crash_reports: false, release_news: false } },
        reasons: ['registry_changed'],
        registry_version: 2,
        asks_again: true,
      }));
      await altered(page, 'registry', (list) => ({
        ...list,
        version: 2,
        changes: [{ from: 1, to: 2, added: ['client'], removed: ['device_age'], changed: [{ name: 'stalls', what: 'classes' }] }],
      }));
      await page.reload();
      await chipSays(page, 'Nothing leaves this box');
      await page.getByText('What Alcove would collect has changed.').waitFor();
      await page.getByRole('link', { name: 'Answer' }).click();
      await heading(page, 'May Alcove learn from this box?');
      assert.equal(await page.locator('input:checked').count(), 0, 'the earlier answer is not chosen');
      await page.getByText('What exactly, and a third way').click();
      await page.getByText('New: For which players should Alcove be made?').waitFor();
      await page.getByText('Gone: device_age').waitFor();
      await page.getByText('Changed: Does playing stop and wait? (its answers)').waitFor();
      await accessible(page, 'the question after a change');
      await shoot(page, 'privacy-question-changed');
      await page.goto(`${at.address}/privacy`);
      await whole(page);
      await page.getByText('Nothing is collected until you answer anew.').waitFor();
      assert.equal(await page.locator('[aria-pressed="true"]').count(), 0, 'no mode stands chosen');
      await accessible(page, 'the page after a change');
      await shoot(page, 'privacy-changed');
    });
  },

  'the owner sees how the box copes, as plots and as tables': async () => {
    const at = await house({ media: small() });
    await scanned(at);
    await answer(at, 'local', { playback_statistics: true });
    await onPage(at, {}, async (page) => {
      await watch(page, at, 'Hevc Film');
      const part = page.locator('#performance');
      await until(async () => {
        await page.reload();
        await whole(page);
        return (await part.getByRole('img').count()) > 0;
      }, 'a converted film gives a plot');
      await part.getByRole('img', { name: /^HEVC.*: most often / }).waitFor();
      assert.ok(await drawn(part.locator('canvas').first()), 'something is drawn');
      await part.getByText('As a table').first().click();
      const figures = await part.locator('table').first().locator('td').allTextContents();
      assert.ok(figures.some((each) => Number(each) > 0), `the table has the figures: ${figures}`);
      await accessible(page, 'plots');
      await part.scrollIntoViewIfNeeded();
      await shoot(page, 'privacy-plots');
      await page.emulateMedia({ colorScheme: 'dark' });
      await accessible(page, 'plots in the dark');
      await shoot(page, 'privacy-plots-dark');
    });
  },

  'a crash report is shown in full, and deleted by its name': async () => {
    const at = await house({ media: small() });
    await scanned(at);
    await answer(at, 'local', { crash_reports: true });
    await crashed(at);
    const { crashes } = await ask(at.address, 'privacy/crashes', at.token);
    await onPage(at, { path: '/privacy' }, async (page) => {
      await whole(page);
      const part = page.locator('#crashes');
      assert.deepEqual(await part.locator('pre').allTextContents(), crashes.map(({ bytes }) => bytes));
      await accessible(page, 'a crash report');
      await part.scrollIntoViewIfNeeded();
      await shoot(page, 'privacy-crash');
      for (const _ of crashes) {
        await part.getByRole('button', { name: /^Delete the crash report: alcove-worker, week/ }).first().click();
        await page.getByRole('dialog').getByText(/The crash report “alcove-worker, week/).waitFor();
        await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
        await page.getByText('The crash report is deleted').first().waitFor();
      }
      await part.getByText('None. Either nothing has crashed').waitFor();
      assert.deepEqual((await ask(at.address, 'privacy/crashes', at.token)).crashes, []);
    });
  },

  'a part that does not answer says so alone, and can be asked again': async () => {
    const at = await house({ media: empty() });
    await onPage(at, { path: '/films' }, async (page) => {
      await page.route('**/api/v1/privacy/ledger', (route) => route.abort());
      await page.goto(`${at.address}/privacy`);
      await whole(page);
      const part = page.locator('#ledger');
      await part.getByRole('alert').waitFor();
      await accessible(page, 'a part that failed');
      await shoot(page, 'privacy-part-failed');
      await page.unroute('**/api/v1/privacy/ledger');
      await part.getByRole('button', { name: 'Try again' }).click();
      await part.getByText('The measure is called epsilon.').waitFor();
    });
  },

  'the Privacy page is worked by keyboard alone': async () => {
    const at = await house({ media: empty() });
    await onPage(at, { path: '/privacy' }, async (page) => {
      await whole(page);
      await page.getByRole('button', { name: /^Collected here only/ }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('No switch is on, so nothing is collected.').waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      await chipSays(page, 'Collected here only');
      const focus = await page.evaluate(() => document.activeElement.getAttribute('role'));
      assert.equal(focus, 'switch', 'the focus stays on the switch');
      await page.locator('[data-metric="video_codec"] summary').focus();
      await page.keyboard.press('Enter');
      await page.locator('[data-metric="video_codec"] table').waitFor();
    });
  },

  'the words are there in Dutch and German': async () => {
    const at = await house({ media: empty() });
    await answer(at, 'local', { playback_statistics: true });
    for (const [language, chipText, question] of [
      ['nl', 'Alleen hier verzameld', 'Welke codecs moeten printplaten aankunnen?'],
      ['de', 'Nur hier gesammelt', 'Mit welchen Codecs müssen Platinen zurechtkommen?'],
    ]) {
      await onPage(at, { size: SIZES.phone, path: '/privacy' }, async (page) => {
        await page.evaluate((wanted) => fetch('/api/v1/me', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ language: wanted }) }), language);
        await page.reload();
        await chipSays(page, chipText);
        await page.getByText(question, { exact: true }).waitFor();
        await fits(page, `privacy in ${language}`);
        await accessible(page, `privacy in ${language}`);
        await shoot(page, `privacy-${language}`);
      });
    }
  },

  ...Object.fromEntries(modes),
};
