// What a household does, page by page, from the first start on. Never: a shortcut past what a person would click.
import assert from 'node:assert/strict';
import { accessible, onPage, settled, shoot } from './browser.mjs';
import { ask, house, OWNER, PASSWORD, scanned, sharedHouse } from './house.mjs';
import { empty, small } from './library.mjs';

const PHONE = { width: 390, height: 844 };

const home = () =>
  sharedHouse('small', async () => {
    const started = await house({ media: small() });
    await scanned(started);
    return started;
  });

async function heading(page, name) {
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

async function setUp(page) {
  await heading(page, 'Welcome to Alcove');
  await accessible(page, 'set-up, language');
  await shoot(page, 'set-up-1');
  await page.getByText('Nederlands').click();
  await heading(page, /Welkom/);
  await page.getByText('English').click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Name', { exact: true }).fill(OWNER);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('At least 8 characters.').first().waitFor();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Password once more').fill(PASSWORD);
  await accessible(page, 'set-up, owner');
  await shoot(page, 'set-up-2');
  await page.getByRole('button', { name: 'Create account' }).click();
  await heading(page, 'May Alcove learn from this box?');
  await page.getByRole('radiogroup').getByText('Nothing leaves this box').click();
  await page.getByRole('button', { name: 'Save answer' }).click();
  await heading(page, 'Where is your media?');
}

/** Opens an item by its tile on a list. */
async function open(page, name) {
  await page.locator('main').getByRole('link', { name }).first().click();
  await settled(page);
}

export const tests = {
  'set-up, home, out and in again': async () => {
    const at = await house({ media: small(), owner: false });
    await onPage(at, { login: false }, async (page) => {
      await setUp(page);
      for (const name of ['Films', 'Series', 'Music', 'Photos']) await page.locator('li').getByText(name, { exact: true }).first().waitFor();
      await accessible(page, 'set-up, folders');
      await shoot(page, 'set-up-3');
      await page.getByRole('link', { name: 'Go to your library' }).click();
      await page.getByRole('heading', { name: /New in Films/ }).waitFor({ timeout: 60_000 });
      await settled(page);
      await shoot(page, 'home-first');
      await page.goto(`${at.address}/settings/account`);
      await page.getByRole('button', { name: 'Log out' }).click();
      await heading(page, 'Log in');
      await accessible(page, 'log in');
      await shoot(page, 'log-in');
      await page.getByLabel('Name', { exact: true }).fill(OWNER);
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('button', { name: 'Log in' }).waitFor({ state: 'hidden' });
      await settled(page);
    });
  },

  'a folder is added and removed in the settings': async () => {
    const at = await house({ media: empty() });
    await onPage(at, { path: '/settings' }, async (page) => {
      await settled(page);
      await page.getByRole('button', { name: 'Add a folder' }).first().click();
      await page.getByRole('dialog').waitFor();
      await accessible(page, 'choosing a folder');
      await shoot(page, 'settings-folder');
      await browseFromEmpty(page, ['small-1', 'Films']);
      await page.getByRole('dialog').getByLabel('Name').waitFor();
      await shoot(page, 'settings-folder-form');
      await page.getByRole('dialog').getByRole('button', { name: 'Add a folder' }).click();
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await page.getByText(`${small()}/Films`).first().waitFor();
      await scanned(at);
      assert.equal((await ask(at.address, 'items?kind=film', at.token)).items.length, 4);
      await page.getByRole('button', { name: /^Remove Films/ }).click();
      await page.getByRole('alertdialog').or(page.getByRole('dialog')).getByRole('button', { name: 'Remove' }).click();
      await page.getByText(`${small()}/Films`).waitFor({ state: 'hidden' });
      await shoot(page, 'settings-removed');
    });
  },

  'a film: tracks, and why it is converted': async () => {
    await onPage(await home(), { path: '/films' }, async (page) => {
      await settled(page);
      await open(page, /Hevc Film/);
      await heading(page, 'Hevc Film');
      await page.getByText('The box converts it while you watch.').waitFor();
      await page.getByText('Why is this being converted?').click();
      await page.getByText(/This device does not show .*HEVC/i).waitFor();
      await page.getByText('File and tracks').click();
      await accessible(page, 'film');
      await shoot(page, 'film-why');
    });
  },

  'a series: season, episodes': async () => {
    await onPage(await home(), { path: '/series' }, async (page) => {
      await settled(page);
      await open(page, /Two Parts/);
      await page.getByText('First').first().waitFor();
      await page.getByText('Second').first().waitFor();
      await accessible(page, 'series');
      await shoot(page, 'series-seasons');
      await open(page, /Second/);
      await heading(page, 'Second');
      const series = page.locator('main').getByRole('link', { name: 'Two Parts' });
      const address = new URL(await series.getAttribute('href'), page.url()).href;
      await page.locator('main').getByRole('link', { name: 'Season 1' }).click();
      await page.waitForURL(`${address}?season=1`);
      await heading(page, 'Two Parts');
    });
  },

  'search opens over any page': async () => {
    await onPage(await home(), { path: '/photos' }, async (page) => {
      await settled(page);
      await page.keyboard.press('/');
      const field = page.getByRole('combobox', { name: 'Search' });
      await field.fill('dirct');
      await page.getByText('Nothing found for').first().waitFor();
      await field.fill('direct');
      await page.getByRole('option', { name: /Direct Film/ }).waitFor();
      await accessible(page, 'search');
      await shoot(page, 'search');
      await page.keyboard.press('Enter');
      await heading(page, 'Direct Film');
      await page.goBack();
      await page.waitForURL(/\/photos$/);
    });
  },

  'music plays on while one looks around': async () => {
    await onPage(await home(), { path: '/music' }, async (page) => {
      await settled(page);
      await open(page, /The Sines|The_Sines/);
      await shoot(page, 'artist');
      await open(page, /Pure Tones|Pure_Tones/);
      await accessible(page, 'album');
      await shoot(page, 'album');
      await page.locator('main').getByRole('button', { name: /^Play/ }).first().click();
      await plays(page, 1);
      await accessible(page, 'queue bar');
      await shoot(page, 'music-playing');
      await page.getByRole('navigation').getByRole('link', { name: 'Films' }).first().click();
      await page.waitForURL(/\/films$/);
      await plays(page, 2);
      await page.getByRole('button', { name: 'Next track' }).click();
      await page.locator('section').getByText('Tuning_Fork').first().waitFor();
      await plays(page, 0.3);
      await shoot(page, 'music-next');
    });
  },

  'photos open large and lead to the next': async () => {
    await onPage(await home(), { path: '/photos' }, async (page) => {
      await settled(page);
      await page.locator('main').getByRole('link').first().click();
      await page.waitForURL(/\/photo\//);
      const first = page.url();
      await page.waitForFunction(() => [...document.images].some((image) => image.complete && image.naturalWidth > 300));
      await accessible(page, 'photo viewer');
      await shoot(page, 'photo');
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction((url) => location.href !== url, first);
      await page.keyboard.press('Escape');
      await page.waitForURL(/\/photos/);
    });
  },

  'every page is found by keyboard alone': async () => {
    await onPage(await home(), {}, async (page) => {
      await settled(page);
      await page.keyboard.press('Tab');
      await page.getByRole('link', { name: 'Skip to content' }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Skip to content');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      assert.ok(await focusInContent(page), 'the focus is in the content');
      for (const [place, path] of [['Films', '/films'], ['Series', '/series'], ['Music', '/music'], ['Photos', '/photos'], ['Settings', '/settings']]) {
        await openByKeys(page, 'Shift+Tab', 'nav', place);
        await arrived(page, path);
      }
      await openByKeys(page, 'Shift+Tab', 'nav', 'Films');
      await arrived(page, '/films');
      await openByKeys(page, 'Tab', 'main', 'Hevc Film');
      await arrived(page, '/item/');
      await heading(page, 'Hevc Film');
      await openByKeys(page, 'Tab', 'main', 'Play');
      await page.waitForURL(/\/play\//);
      await page.waitForFunction(() => document.querySelector('video')?.currentTime > 0.3);
      await page.keyboard.press('Escape');
      await page.waitForURL(/\/item\//);
    });
  },

  'a phone has the five places at its foot': async () => {
    await onPage(await home(), { size: PHONE }, async (page) => {
      await settled(page);
      for (const name of ['Films', 'Series', 'Music', 'Photos', 'Home']) {
        await page.getByRole('navigation').getByRole('link', { name, exact: true }).filter({ visible: true }).click();
        await settled(page);
      }
    });
  },

  'an address that is nothing says so, and leads home': async () => {
    await onPage(await home(), { path: '/no/such/page' }, async (page) => {
      await page.getByText('There is nothing here').waitFor();
      await accessible(page, 'nothing here');
      await page.getByRole('link', { name: 'Go to Home' }).click();
      await settled(page);
    });
  },

  'without a login nothing but the login is shown': async () => {
    const at = await home();
    await onPage(at, { login: false, path: '/films' }, async (page) => {
      await heading(page, 'Log in');
      assert.equal(await page.getByText('Direct Film').count(), 0);
    });
  },
};

function focusInContent(page) {
  return page.evaluate(() => document.querySelector('main')?.contains(document.activeElement));
}

/** A page is there once the focus has come along to its content. */
async function arrived(page, path) {
  await page.waitForURL((url) => url.pathname.startsWith(path));
  await page.waitForFunction(() => document.activeElement?.id === 'main');
  await settled(page);
}

/** Moves the focus with `key` alone until it is on the link or button called `name` in the `region`, and presses Enter. */
async function openByKeys(page, key, region, name) {
  // A list that comes within 300 ms shows nothing before, and a key pressed meanwhile passes it by.
  await page.locator(region).getByText(name).filter({ visible: true }).first().waitFor();
  const passed = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press(key);
    const [said, inside] = await page.evaluate((region) => {
      const focus = document.activeElement;
      return [(focus.getAttribute('aria-label') ?? focus.textContent).trim().replace(/\s+/g, ' '), focus.closest(region) !== null];
    }, region);
    passed.push(said);
    if (inside && said.includes(name)) return page.keyboard.press('Enter');
  }
  assert.fail(`${name} is not reached with ${key}: ${passed.join(' | ')}`);
}

/** The list begins at the library that is there; from its parent on down by name. */
async function browseFromEmpty(page, names) {
  const dialog = page.getByRole('dialog');
  await dialog.getByText('There are no folders in here.').waitFor();
  await dialog.getByRole('button', { name: 'Up one folder' }).click();
  for (const name of names) await dialog.getByRole('button', { name, exact: true }).click();
  await dialog.getByText(new RegExp(`/${names.join('/')}$`)).waitFor();
  await dialog.getByRole('button', { name: 'Use this folder' }).click();
}

/** Sound is coming: the clock of something that plays is past `seconds` and goes on. */
async function plays(page, seconds) {
  await page.waitForFunction(
    (from) => [...globalThis.sounds].some((audio) => !audio.paused && audio.currentTime > from),
    seconds,
    { timeout: 15_000 },
  );
}
