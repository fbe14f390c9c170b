// Takes the picture of the read-me: `node screenshot.mjs DEMO_FOLDER OUT`, the home page over the demo library.
// Never: a test, or a picture of anything that is not there.
import { closeBrowser, onPage, settled } from './browser.mjs';
import { answer, ask, closeHouses, house, scanned } from './house.mjs';

const SIZE = { width: 1200, height: 760 };

const [media, out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node screenshot.mjs DEMO_FOLDER OUT');
  process.exit(2);
}
const at = await house({ media });
await scanned(at);
// Nobody is asked in the picture.
await answer(at, 'off');
const { items } = await ask(at.address, 'items?query=Mandelbrot&limit=1', at.token);
// Someone began a film, so that there is something to go on with.
await fetch(`${at.address}/api/v1/items/${items[0].id}/progress`, {
  method: 'PUT',
  headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ position_ms: 24_000 }),
});
await onPage(at, { size: SIZE }, async (page) => {
  await settled(page);
  await page.screenshot({ path: out });
});
await closeBrowser();
await closeHouses();
