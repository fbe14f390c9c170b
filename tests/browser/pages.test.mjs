// Every page, on a phone and on a desk, light and dark, with nothing, five and ten thousand items: readable, accessible,
// no wider than the window. Never: a screenshot alone as the proof.
import assert from 'node:assert/strict';
import { accessible, fits, onPage, settled, shoot } from './browser.mjs';
import { ask, house, scanned, sharedHouse } from './house.mjs';
import { empty, five, large } from './library.mjs';

const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };
const LIBRARIES = { none: empty, five, 'ten-thousand': large };

/** Pages that are there without any item. */
const PLAIN = {
  home: '/', films: '/films', series: '/series', music: '/music', photos: '/photos', videos: '/videos',
  settings: '/settings', problems: '/settings/problems', account: '/settings/account', about: '/settings/about', privacy: '/privacy',
};
/** Pages of one item, by the kind of item. */
const OF_ITEMS = { film: '/item/', episode: '/item/', series: '/series/', artist: '/artist/', album: '/album/', photo: '/photo/' };

const libraryOf = (name) =>
  sharedHouse(`pages-${name}`, async () => {
    const started = await house({ media: LIBRARIES[name]() });
    // Ten thousand pictures are made at leisure: the pages have to be good meanwhile.
    await scanned(started, { pictures: name !== 'ten-thousand' });
    return started;
  });

async function pagesOf({ address, token }) {
  const pages = { ...PLAIN };
  for (const [kind, path] of Object.entries(OF_ITEMS)) {
    const { items } = await ask(address, `items?kind=${kind}&limit=1`, token);
    if (items[0]) pages[`one-${kind}`] = path + items[0].id;
  }
  return pages;
}

async function look(name, size) {
  const at = await libraryOf(name);
  await onPage(at, { size: SIZES[size] }, async (page) => {
    for (const [what, path] of Object.entries(await pagesOf(at))) {
      const title = `${what}-${name}-${size}`;
      await page.goto(at.address + path);
      await settled(page).catch((error) => assert.fail(`${title}: ${error.message}`));
      await fits(page, title);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await shoot(page, `page-${title}-${colorScheme}`);
        await accessible(page, `${title}-${colorScheme}`);
      }
    }
  });
}

const looks = Object.keys(LIBRARIES).flatMap((name) =>
  Object.keys(SIZES).map((size) => [`${name} items on a ${size}, light and dark`, () => look(name, size)]),
);

export const tests = {
  ...Object.fromEntries(looks),

  'ten thousand items scroll with few elements, and letters jump': async () => {
    const at = await libraryOf('ten-thousand');
    await onPage(at, { path: '/films' }, async (page) => {
      await settled(page);
      await page.mouse.move(700, 500);
      for (let turn = 0; turn < 12; turn += 1) await page.mouse.wheel(0, 4000);
      // The list is fetched as far as one has come.
      await page.locator('a[data-tile]').first().waitFor();
      const tiles = await page.locator('a[data-tile]').count();
      assert.ok(tiles > 5 && tiles < 400, `${tiles} tiles exist at once`);
      await page.getByRole('button', { name: 'Jump to V' }).or(page.getByRole('link', { name: 'Jump to V' })).first().click();
      await page.getByRole('link', { name: /^Velvet/ }).first().waitFor();
      await settled(page);
      await shoot(page, 'films-letter');
    });
  },
};
