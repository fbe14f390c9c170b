// The system's Chromium, with ears open: whatever a page complains of is a failure of the test.
// Never: a download, a profile that is kept, or a complaint that nobody sees.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { OWNER, PASSWORD } from './house.mjs';
import { SCREENSHOTS } from './places.mjs';

const WIDE = { width: 1440, height: 900 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;

async function chromiumReady() {
  const paths = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium', '/usr/bin/google-chrome'];
  const executablePath = paths.find((path) => path && existsSync(path));
  assert.ok(executablePath, 'no Chromium on this machine');
  // Inside a container root has no user namespace for Chromium's own sandbox; the pages are Alcove's.
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  browser ??= await chromium.launch({ executablePath, args: [...args, '--disable-dev-shm-usage'] });
  return browser;
}

export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}

/**
 * A page in a profile of its own. `use` gets the page; afterwards its complaints must be none: violations of the
 * content security policy, exceptions, answers of 500 and up, requests to anywhere but the box.
 */
export async function onPage(home, { size = WIDE, dark = false, login = true, as = OWNER, path = '/' } = {}, use) {
  const context = await (await chromiumReady()).newContext({
    viewport: size,
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    hasTouch: size.width < 600,
    reducedMotion: 'reduce',
  });
  try {
    if (login) await logIn(context, home, as);
    // Sound that plays without an element on the page can only be found by what was asked of it.
    await context.addInitScript(() => {
      const { play } = HTMLMediaElement.prototype;
      globalThis.sounds = new Set();
      HTMLMediaElement.prototype.play = function () {
        globalThis.sounds.add(this);
        return play.call(this);
      };
    });
    const page = await context.newPage();
    const complaints = listen(page, home);
    page.setDefaultTimeout(20_000);
    await page.goto(home.address + path);
    const result = await use(page, context);
    assert.deepEqual(complaints, []);
    return result;
  } finally {
    await context.close();
  }
}

async function logIn(context, home, username) {
  const answer = await context.request.post(`${home.address}/api/v1/login`, {
    data: { username, password: PASSWORD },
    headers: { origin: home.address },
  });
  assert.equal(answer.status(), 200, await answer.text());
}

function listen(page, home) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (/content security policy|refused to/i.test(text)) complaints.push(`policy: ${text}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${home.address}/`) && !/^(blob|data|about):/.test(url)) complaints.push(`elsewhere: ${url}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()}: ${response.url()}`);
  });
  return complaints;
}

/** Waits until a page shows what it has: content, no skeleton, pictures in sight loaded or given up. */
export async function settled(page) {
  await page.locator('main').first().waitFor();
  await page.waitForFunction(
    () => {
      const loading = document.querySelector('.skeleton, [aria-busy="true"]');
      const pictures = [...document.images].filter((image) => {
        const box = image.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
      });
      return !loading && document.querySelector('h1, main[aria-label]') !== null && pictures.every((image) => image.complete);
    },
    undefined,
    { timeout: 20_000 },
  );
}

/** Serious and critical violations of accessibility; there must be none. */
export async function accessible(page, what) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
  });
  assert.deepEqual(found, [], what);
}

/** Nothing is wider than the window, which would scroll sideways, and what the box is doing stays in its bar. */
export async function fits(page, what) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${what} is ${wide} px wide in a window of ${window} px`);
  const leaving = await page.locator('header.status > button').evaluateAll((parts) =>
    parts.map((part) => [part, part.getBoundingClientRect(), part.parentElement.getBoundingClientRect()])
      .filter(([, part, bar]) => part.right > bar.right + 1 || part.bottom > bar.bottom + 1 || part.top < bar.top - 1)
      .map(([part]) => part.innerText),
  );
  assert.deepEqual(leaving, [], `${what}: out of the bar`);
}

export async function shoot(page, name) {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** The page from top to bottom, also what one would have to scroll to. */
export async function shootWhole(page, name) {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
