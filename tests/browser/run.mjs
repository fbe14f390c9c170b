// Runs the browser tests: `node run.mjs [--list] [FILTER]`, one after the other, and says what became of each.
// Never: a browser that is downloaded, or a request to anywhere but this machine.
import { mkdirSync } from 'node:fs';
import { closeBrowser } from './browser.mjs';
import { closeHouses } from './house.mjs';
import { SCREENSHOTS } from './places.mjs';
import * as pages from './pages.test.mjs';
import * as players from './players.test.mjs';
import * as privacy from './privacy.test.mjs';
import * as walk from './walk.test.mjs';

const LIMIT_MS = 300_000;

const suites = { walk, players, privacy, pages };
const args = process.argv.slice(2);
const filter = args.find((word) => !word.startsWith('--')) ?? '';
const tests = Object.entries(suites)
  .flatMap(([suite, { tests: cases }]) => Object.entries(cases).map(([name, run]) => ({ name: `${suite}: ${name}`, run })))
  .filter(({ name }) => name.includes(filter));

if (args.includes('--list')) {
  for (const { name } of tests) console.log(name);
  process.exit(0);
}

mkdirSync(SCREENSHOTS, { recursive: true });
let passed = 0;
const failed = [];
for (const { name, run } of tests) {
  const start = Date.now();
  try {
    await limited(run());
    passed += 1;
    console.log(`        PASS [${seconds(start)}] ${name}`);
  } catch (error) {
    failed.push(name);
    console.log(`        FAIL [${seconds(start)}] ${name}\n${indented(error)}`);
  }
}
await closeBrowser();
await closeHouses();
for (const name of failed) console.log(`   FAILED ${name}`);
console.log(`browser tests: ${passed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);

function limited(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function seconds(start) {
  return `${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s`;
}

function indented(error) {
  return String(error?.stack ?? error).split('\n').map((line) => `             ${line}`).join('\n');
}
